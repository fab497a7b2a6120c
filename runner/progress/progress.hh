#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace caisson::runner {

/// Where a build tells what it does, for people or for programs. Calls come from several threads.
/// What a step printed is hostile: every implementation escapes it (escape_output).
class Progress {
public:
    enum class Kind { kPlain, kJson, kQuiet };
    /// Plain and JSON lines go to standard error; quiet says nothing but errors.
    [[nodiscard]] static std::unique_ptr<Progress> make(Kind kind);
    virtual ~Progress() = default;

    virtual void warning(std::string_view text) = 0;
    virtual void step_started(std::size_t number, std::string_view name) = 0;
    virtual void step_cached(std::size_t number, std::string_view name) = 0;
    /// One whole line that a step printed.
    virtual void step_output(std::size_t number, double seconds, std::string_view line) = 0;
    virtual void step_ended(std::size_t number, double seconds, std::string_view verdict) = 0;
    /// What the build left: "image", "provenance", "oci archive" …
    virtual void result(std::string_view what, std::string_view value) = 0;
};

/// One line with nothing in it that a terminal, a log viewer or a CI system would obey: C0 and C1
/// controls, bidirectional overrides and invalid UTF-8 become visible escapes (`\u{1b}`), and so do
/// a leading `::` and any `##`: GitHub's and Azure's log commands (moby/moby#32272).
[[nodiscard]] std::string escape_output(std::string_view line);

} // namespace caisson::runner
