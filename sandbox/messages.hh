#pragma once

#include "sandbox/launch.hh"

#include <nlohmann/json_fwd.hpp>

namespace caisson::sandbox {

// What the runner and the chamber say to each other, beside plans (plan_json.hh) and errors
// (base/error_wire.hh). A request is {"id": n, "op": name, …} with descriptors, a reply
// {"id": n, "result": …} or {"id": n, "error": …}.

[[nodiscard]] nlohmann::json to_json(const Outcome& outcome);
[[nodiscard]] nlohmann::json to_json(const TreeStats& stats);
[[nodiscard]] nlohmann::json to_json(const ReceiveOptions& options);
[[nodiscard]] nlohmann::json to_json(const CollectOptions& options);
/// Less its descriptor.
[[nodiscard]] nlohmann::json to_json(const HostPath& host);

// A missing or mistyped member is a json::exception: both sides are ours.
[[nodiscard]] Outcome outcome_from_json(const nlohmann::json& value);
[[nodiscard]] TreeStats tree_stats_from_json(const nlohmann::json& value);
[[nodiscard]] ReceiveOptions receive_options_from_json(const nlohmann::json& value);
[[nodiscard]] CollectOptions collect_options_from_json(const nlohmann::json& value);
[[nodiscard]] HostPath host_path_from_json(const nlohmann::json& value);

} // namespace caisson::sandbox
