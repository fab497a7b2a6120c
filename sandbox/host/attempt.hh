#pragma once

#include "sandbox/host/check.hh"

#include <functional>
#include <optional>
#include <string>

namespace caisson::sandbox {

/// Runs `action` in a child, which may change itself as it likes; as the chamber's ids, where root
/// calls. Nothing where it returned; the text of the Error it threw, or how it ended.
[[nodiscard]] std::optional<std::string> attempt(const HostView& host,
                                                 const std::function<void()>& action);

/// The same as a finding: kMissing with the error as its detail and this hint, or kOk.
[[nodiscard]] Finding
find_by_attempt(const HostView& host, const std::function<void()>& action, const std::string& hint);

/// In a child of attempt(): root of a user namespace that has but the caller's own id, in a mount
/// namespace of its own, with a tmpfs at /tmp as its place to work.
void become_root_of_namespace();

} // namespace caisson::sandbox
