#pragma once

#include "sandbox/seccomp/filter.hh"

#include <array>
#include <cstdint>
#include <string_view>

namespace caisson::sandbox {

/// A sub-call of socketcall(2) (include/uapi/linux/net.h), and the call that it stands for.
struct SocketSubcall {
    std::uint32_t number = 0;
    std::string_view call;
};
inline constexpr auto kSocketSubcalls = std::to_array<SocketSubcall>({
    {1, "socket"},    {2, "bind"},        {3, "connect"},     {4, "listen"},
    {5, "accept4"},   {6, "getsockname"}, {7, "getpeername"}, {8, "socketpair"},
    {9, "sendto"},    {10, "recvfrom"},   {11, "sendto"},     {12, "recvfrom"},
    {13, "shutdown"}, {14, "setsockopt"}, {15, "getsockopt"}, {16, "sendmsg"},
    {17, "recvmsg"},  {18, "accept4"},    {19, "recvmmsg"},   {20, "sendmmsg"},
});

/// The filter of a linux/386 image: `calls` for the i386 table, and of native calls those by which
/// a cell becomes the image's program. The number of a socketcall's sub-call is in a register, its
/// arguments are in memory: one that stands for a call whose answer hangs on no argument is
/// answered the same here; socket, socketpair and setsockopt are the supervisor's
/// (cell/socketcall.hh), which asks this program what it would answer to that call. Rules of
/// `calls` that allow socketcall itself say nothing more. A rule on arguments of another sub-call's
/// call could not be kept, and is an Error of kind kUsage.
[[nodiscard]] SeccompFilter filter_of_i386_image(SeccompTable calls);

} // namespace caisson::sandbox
