#pragma once

#include <cstdint>
#include <linux/audit.h>
#include <linux/filter.h>
#include <span>
#include <vector>

/// Filters of system calls (seccomp(2)), on the floor because the signer and the sandbox both
/// filter themselves.
namespace caisson {

#if defined(__x86_64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "caisson knows the system calls of x86-64 and of 64-bit ARM only"
#endif

/// Whether the kernel has seccomp filters (SECCOMP_GET_ACTION_AVAIL).
[[nodiscard]] bool seccomp_filters_work() noexcept;
/// SECCOMP_SET_MODE_FILTER. Needs no_new_privs.
void seccomp_set_filter(std::span<const sock_filter> program);

/// The filter of a program of ours: of all system calls only `calls` (at most 200), and of those
/// mmap and mprotect never to make memory executable. Any other answers EPERM; a foreign
/// architecture is death, since its numbers mean other calls. Made by hand: libseccomp takes ten
/// milliseconds for it.
[[nodiscard]] std::vector<sock_filter> filter_that_allows(std::span<const int> calls);
/// The same, and one call of another architecture's table.
struct ForeignCall {
    std::uint32_t architecture = 0; ///< AUDIT_ARCH_…
    std::uint32_t number = 0;
};
[[nodiscard]] std::vector<sock_filter> filter_that_allows(std::span<const int> calls,
                                                          const ForeignCall& foreign);

} // namespace caisson
