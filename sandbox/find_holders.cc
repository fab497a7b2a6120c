#include "sandbox/find_holders.hh"

#include "sandbox/cgroup/bounds.hh"
#include "sandbox/features.hh"

namespace caisson::sandbox {

LimitHolders find_holders(const BuildGroups* groups, const Limits& limits, bool trees_in_memory)
{
    LimitHolders holders;
    if (groups != nullptr) holders = groups->holders();
    // stands in only where nothing better holds
    const auto otherwise = [&](const char* limit, Holder holder) {
        holders.emplace(limit, holder);
    };
    otherwise("memory_bytes", Holder::kWatcher);
    otherwise("build_memory_bytes", Holder::kWatcher);
    otherwise("processes", Holder::kRlimit);
    otherwise("cpu_seconds", Holder::kWatcher);
    otherwise("swap_bytes", host_has_swap() ? Holder::kNobody : Holder::kHost);
    otherwise("huge_page_bytes", host_has_huge_pages() ? Holder::kNobody : Holder::kHost);
    otherwise("cpu_percent", cores_exceed(limits.cpu_percent) ? Holder::kNobody : Holder::kHost);
    otherwise("disk_bytes", Holder::kWatcher);
    otherwise("disk_files", Holder::kWatcher);
    otherwise("build_disk_bytes", trees_in_memory ? Holder::kTmpfs : Holder::kWatcher);
    return holders;
}

} // namespace caisson::sandbox
