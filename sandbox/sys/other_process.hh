#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

/// Reaching into another process, which may be gone at any time: a failure is a value.
namespace caisson::sandbox::sys {

/// process_vm_readv(2): `size` bytes at `address` of that thread's memory, all or false.
[[nodiscard]] bool
read_memory(pid_t thread, std::uint64_t address, void* buffer, std::size_t size) noexcept;
/// A handle on a process, not a thread; none where it is gone.
[[nodiscard]] UniqueFd pidfd_open(pid_t process) noexcept;
/// A copy of its descriptor `number`; none where it has none (Linux 5.6).
[[nodiscard]] UniqueFd pidfd_getfd(int pidfd, int number) noexcept;

#if defined(__x86_64__)
/// setsockopt(2) through the i386 table, so that the kernel reads `value` as a 32-bit program lays
/// it out. `value` lies below 4 GiB. 0, or the error negated.
[[nodiscard]] int
i386_setsockopt(int socket, int level, int option, const void* value, std::uint32_t size) noexcept;
#endif

} // namespace caisson::sandbox::sys
