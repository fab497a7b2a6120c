#pragma once

#include "sandbox/base/program.hh"

#include <optional>
#include <string>
#include <vector>

namespace caisson::testing {

/// One line of what caisson-probe says.
struct ProbeLine {
    std::string id;
    std::string severity; ///< "must", "should", "control"
    std::string result;   ///< "open", "refused", "absent"
    std::string detail;

    [[nodiscard]] bool is_open() const { return result == "open"; }
    /// An attack, and open.
    [[nodiscard]] bool is_hole() const { return is_open() && severity != "control"; }
};

/// Throws where a line is none of the probe's: a truncated run must not look like a good one.
[[nodiscard]] std::vector<ProbeLine> parse_probe_lines(const std::string& text);

/// "must id: detail" a line, for a test's message.
[[nodiscard]] std::string describe(const std::vector<ProbeLine>& lines);

/// What caisson-probe finds out here, in the middle of its bait, with these options.
[[nodiscard]] std::vector<ProbeLine> probe_outside(const std::vector<std::string>& options);

/// Bait that lies about for as long as this lives (tests/probes/bait.hh).
class LaidBait {
public:
    LaidBait();
    ~LaidBait();
    LaidBait(const LaidBait&) = delete;
    LaidBait& operator=(const LaidBait&) = delete;

    /// By which an attempt knows the bait: `caisson-probe --token`.
    [[nodiscard]] const std::string& token() const { return token_; }
    /// The bait that is a file.
    [[nodiscard]] std::string file() const { return "/var/tmp/caisson-bait-" + token_; }

private:
    std::optional<Program> program_;
    UniqueFd keep_; ///< closed, it ends the program, which then takes away what it laid
    std::string token_;
};

} // namespace caisson::testing
