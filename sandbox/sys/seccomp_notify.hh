#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <span>

/// Answering system calls in the kernel's place (seccomp_unotify(2)). A caller may be killed at any
/// time: what would reach it then says so by its value.
namespace caisson::sandbox::sys {

/// Installs the filter; calls for which it says SECCOMP_RET_USER_NOTIF wait for an answer through
/// the descriptor, which execve closes. Where the kernel can (5.19), only death interrupts one that
/// was received, so that no signal restarts a call that was answered half.
[[nodiscard]] UniqueFd seccomp_listen(std::span<const sock_filter> program);

/// Whether the kernel knows how (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV); asked with no program, so
/// that nothing is installed.
[[nodiscard]] bool seccomp_can_wait_for_death() noexcept;
/// The next call that waits; nothing where its caller is gone already.
[[nodiscard]] std::optional<seccomp_notif> seccomp_receive(int listener);
/// Whether the caller still waits: what was read of it meanwhile was its own.
[[nodiscard]] bool seccomp_waits(int listener, std::uint64_t id) noexcept;
/// The call returns `value`, or fails with `error` where that is not 0.
void seccomp_answer(int listener, std::uint64_t id, std::int64_t value, int error) noexcept;

/// Puts a copy of `fd` into the caller's table; with `answer` that number is what its call returns
/// (SECCOMP_ADDFD_FLAG_SEND, Linux 5.14). The number, or the error negated.
[[nodiscard]] int seccomp_give_descriptor(
    int listener, std::uint64_t id, int fd, bool close_on_exec, bool answer) noexcept;

} // namespace caisson::sandbox::sys
