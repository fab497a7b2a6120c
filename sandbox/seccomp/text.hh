#pragma once

#include <string>
#include <string_view>

namespace caisson::sandbox {

/// The program as text, one instruction a line.
[[nodiscard]] std::string disassemble_seccomp(std::string_view program);

/// What a program of ours answers, call by call: its bytes are walked for every known number, so
/// it tells what the kernel will do, not what was meant. For golden tests and `caisson explain`:
///
///     ioctl: argument 1 in 0x5400..0x5411: allow
///     ioctl: else: errno 1 (EPERM)
[[nodiscard]] std::string describe_seccomp(std::string_view bytes);

} // namespace caisson::sandbox
