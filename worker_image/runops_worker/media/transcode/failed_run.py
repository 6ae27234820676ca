"""Whose fault it is that ffmpeg could not write a slim video: that of the recording, or of the machine. Pure.

`run_tool` has judged by then what ends any run: a full disk, a kill, too little memory, a time limit, the sandbox.
"""

from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.sandbox.run_tool import Outcome
from runops_worker.media.transcode.decoding_report import DecodingReport

__all__ = ["why_failed"]

# errno messages of the C library, and what ffmpeg says about its own options and parts.
_OF_THE_MACHINE: Final = (
    *("Input/output error", "Permission denied", "Operation not permitted", "Resource temporarily unavailable"),
    *("No such file or directory", "Too many open files", "Read-only file system", "Stale file handle"),
    *("Option not found", "Unrecognized option", "Unknown encoder", "No such filter", "Error opening output"),
)
# ffmpeg ends the run if two thirds of the packets of a stream cannot be decoded.
_OF_THE_RECORDING: Final = (
    *("Error while opening decoder", "exceeds maximum", "Invalid data found when processing input"),
    *("Error submitting packet to decoder", "Error processing packet in decoder", "Decoder not found"),
    *("not on whitelist", "Could not find codec parameters"),
)


def why_failed(outcome: Outcome, report: DecodingReport) -> MediaRejected | MediaToolFailed:
    """Return the error for a run with an exit code that is not 0.

    Parameters
    ----------
    outcome
        How ffmpeg exited.
    report
        What it said about the pictures.

    Returns
    -------
    MediaRejected or MediaToolFailed
        The first if ffmpeg complained about the recording and about nothing of the machine.
    """
    at_fault = report.errors or report.damaged or any(outcome.says(phrase) for phrase in _OF_THE_RECORDING)
    if at_fault and not any(outcome.says(phrase) for phrase in _OF_THE_MACHINE):
        bad = report.errors + report.damaged
        what = f"{bad} of its {report.packets} pictures" if report.packets and bad else "a part of it"
        return MediaRejected("MediaCorrupt", f"The recording is damaged: {what} cannot be decoded.")
    return MediaToolFailed(f"ffmpeg could not write the slim video (exit code {outcome.returncode}).")
