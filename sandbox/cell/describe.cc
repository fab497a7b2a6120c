#include "sandbox/cell/describe.hh"

#include "sandbox/cell/setup.hh"

#include <nlohmann/json.hpp>

namespace caisson::sandbox {

nlohmann::json describe_cell()
{
    using nlohmann::json;
    json setup = json::array();
    for (const Step& step : cell_setup())
        setup.push_back({{"step", step.name}, {"why", step.why_here}});
    json mounts = json::array();
    for (const auto& part : {note_devices(), note_procfs()})
        for (const MountNote& mount : part)
            mounts.push_back({{"path", mount.path},
                              {"type", mount.type},
                              {"options", mount.options},
                              {"why", mount.why}});
    json limits = json::array();
    for (const LimitNote& limit : note_fixed_limits())
        limits.push_back({{"name", limit.name}, {"value", limit.value}, {"why", limit.why}});
    return {{"namespaces", {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}},
            {"setup", std::move(setup)},
            {"mounts", std::move(mounts)},
            {"procShown", note_shown_of_procfs()},
            {"limits", std::move(limits)}};
}

} // namespace caisson::sandbox
