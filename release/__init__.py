"""`make package`: chart, images, bills of materials and checksums of one release, the same bytes from every clone."""
