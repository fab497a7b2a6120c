#pragma once

#include <linux/filter.h>
#include <span>

namespace caisson::sandbox::sys {

/// Whether the kernel has seccomp filters (SECCOMP_GET_ACTION_AVAIL).
[[nodiscard]] bool seccomp_filters_work() noexcept;
/// SECCOMP_SET_MODE_FILTER. Needs no_new_privs.
void seccomp_set_filter(std::span<const sock_filter> program);

} // namespace caisson::sandbox::sys
