#include "sandbox/holders.hh"

namespace caisson::sandbox {

std::string_view holder_word(Holder holder) noexcept
{
    switch (holder) {
    case Holder::kNobody:
        return "nobody";
    case Holder::kWatcher:
        return "watcher";
    case Holder::kRlimit:
        return "rlimit";
    case Holder::kCgroup1:
        return "cgroup-v1";
    case Holder::kCgroup2:
        return "cgroup-v2";
    case Holder::kTmpfs:
        return "tmpfs";
    case Holder::kFilter:
        return "seccomp";
    case Holder::kHost:
        return "host";
    }
    return "nobody";
}

bool is_kernel(Holder holder) noexcept
{
    return holder != Holder::kNobody && holder != Holder::kWatcher;
}

} // namespace caisson::sandbox
