#include "sandbox/messages.hh"

#include <nlohmann/json.hpp>

namespace caisson::sandbox {

using nlohmann::json;

json to_json(const Outcome& outcome)
{
    return {{"kind", static_cast<int>(outcome.kind)},
            {"code", outcome.code},
            {"limit", outcome.limit},
            {"allowed", outcome.allowed},
            {"detail", outcome.detail},
            {"wall_us", outcome.wall.count()},
            {"cpu_us", outcome.cpu.count()},
            {"peak_memory_bytes", outcome.peak_memory_bytes},
            {"landlock_abi", outcome.landlock_abi}};
}

json to_json(const TreeStats& stats)
{
    return {{"entries", stats.entries},
            {"bytes", stats.bytes},
            {"disk_bytes", stats.disk_bytes},
            {"archive", stats.archive}};
}

json to_json(const ReceiveOptions& options)
{
    return {{"lowers", options.lowers},
            {"upper", options.upper},
            {"destination", options.destination},
            {"directory", options.directory},
            {"owner", options.owner},
            {"archive", options.archive},
            {"most_bytes", options.most_bytes}};
}

json to_json(const CollectOptions& options)
{
    return {{"lowers", options.lowers},
            {"patterns", options.patterns},
            {"mode", options.mode},
            {"clamp_epoch", options.clamp_epoch}};
}

json to_json(const HostPath& host)
{
    return {{"name", host.name}, {"writable", host.writable}, {"layer", host.layer}};
}

Outcome outcome_from_json(const json& value)
{
    Outcome outcome;
    outcome.kind = static_cast<Outcome::Kind>(value.at("kind").get<int>());
    value.at("code").get_to(outcome.code);
    value.at("limit").get_to(outcome.limit);
    value.at("allowed").get_to(outcome.allowed);
    value.at("detail").get_to(outcome.detail);
    outcome.wall = std::chrono::microseconds(value.at("wall_us").get<std::int64_t>());
    outcome.cpu = std::chrono::microseconds(value.at("cpu_us").get<std::int64_t>());
    value.at("peak_memory_bytes").get_to(outcome.peak_memory_bytes);
    value.at("landlock_abi").get_to(outcome.landlock_abi);
    return outcome;
}

TreeStats tree_stats_from_json(const json& value)
{
    TreeStats stats;
    value.at("entries").get_to(stats.entries);
    value.at("bytes").get_to(stats.bytes);
    value.at("disk_bytes").get_to(stats.disk_bytes);
    value.at("archive").get_to(stats.archive);
    return stats;
}

ReceiveOptions receive_options_from_json(const json& value)
{
    ReceiveOptions options;
    value.at("lowers").get_to(options.lowers);
    value.at("upper").get_to(options.upper);
    value.at("destination").get_to(options.destination);
    value.at("directory").get_to(options.directory);
    value.at("owner").get_to(options.owner);
    value.at("archive").get_to(options.archive);
    value.at("most_bytes").get_to(options.most_bytes);
    return options;
}

CollectOptions collect_options_from_json(const json& value)
{
    CollectOptions options;
    value.at("lowers").get_to(options.lowers);
    value.at("patterns").get_to(options.patterns);
    value.at("mode").get_to(options.mode);
    value.at("clamp_epoch").get_to(options.clamp_epoch);
    return options;
}

HostPath host_path_from_json(const json& value)
{
    HostPath host;
    value.at("name").get_to(host.name);
    value.at("writable").get_to(host.writable);
    value.at("layer").get_to(host.layer);
    return host;
}

} // namespace caisson::sandbox
