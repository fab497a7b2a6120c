#pragma once

#include "sandbox/base/error.hh"

namespace caisson::runner {

/// The exit code of an error, as design and documentation promise them to scripts.
[[nodiscard]] constexpr int exit_code(ErrorKind kind) noexcept
{
    switch (kind) {
    case ErrorKind::kStep:
        return 1;
    case ErrorKind::kUsage:
        return 2;
    case ErrorKind::kRefused:
        return 3;
    case ErrorKind::kUnverified:
        return 4;
    case ErrorKind::kHost:
        return 5;
    case ErrorKind::kInput:
        return 6;
    case ErrorKind::kInterrupted:
        return 130;
    case ErrorKind::kInternal:
        break;
    }
    return 70;
}

} // namespace caisson::runner
