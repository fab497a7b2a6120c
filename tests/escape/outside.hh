#pragma once

#include "tests/support/workspace.hh"

#include <filesystem>
#include <string>

namespace caisson::testing {

/// What an attack is aimed at: a directory of the host beside the workspace's context, with a
/// secret and a canary, that nothing of a build may read or change.
class Outside {
public:
    explicit Outside(const Workspace& work);

    [[nodiscard]] std::filesystem::path path(const std::string& name = "") const
    {
        return directory_ / name;
    }
    /// Whether everything is as it was made: names, contents, modes, times, owners.
    [[nodiscard]] bool is_untouched() const;
    /// As it was made, again: after an attack that was to succeed.
    void restore() const;

    static constexpr const char* kSecret = "the-secret-of-the-host";

private:
    std::filesystem::path directory_;
    std::string state_;

    [[nodiscard]] std::string state() const;
};

/// A line of shell, as whoever runs the tests: how an attack looks without a sandbox.
inline Ran shell(const std::string& line)
{
    return run("/bin/sh", {"-c", line});
}

} // namespace caisson::testing
