#pragma once

#include <string_view>

namespace caisson::sandbox {

/// What the name of every group begins with that a build makes in a place that is not its own.
inline constexpr std::string_view kGroupPrefix = "caisson.";

/// Removes from the open directory `place` the groups of builds that were killed, with whatever
/// still runs in them: those that no living process has locked (Group::try_lock). What is not ours
/// to remove stays.
void sweep_groups(int place);

} // namespace caisson::sandbox
