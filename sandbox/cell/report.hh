#pragma once

#include "sandbox/base/error.hh"
#include "sandbox/outcome.hh"

#include <optional>
#include <string>

namespace caisson::sandbox {

// What a cell tells the chamber: JSON lines through one pipe, written by its set-up and at last by
// its init. A line is shorter than PIPE_BUF or has the pipe for itself, so none is torn.

/// A step of the set-up failed.
void report_error(int report, const Error& error) noexcept;
/// The command is not there (127) or cannot be executed (126).
void report_not_found(int report, int code, const std::string& detail);
/// All walls are up; `abi` is what Landlock enforces.
void report_ready(int report, int landlock_abi);
/// The command ended with `status`, as wait(2) tells it.
void report_status(int report, int status);

/// All that one cell reported.
struct Report {
    std::optional<Error> error;
    std::optional<int> not_found;
    std::string detail;
    bool ready = false; ///< every wall was up
    int landlock_abi = 0;
    std::optional<int> status;
};

/// Reads `report`, whose writers are all gone, to its end.
[[nodiscard]] Report read_report(int report);

} // namespace caisson::sandbox
