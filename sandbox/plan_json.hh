#pragma once

#include "sandbox/plan.hh"

#include <nlohmann/json_fwd.hpp>

namespace caisson::sandbox {

/// A plan as JSON, keys sorted; every member is written.
[[nodiscard]] nlohmann::json to_json(const Plan& plan);
/// The same of its limits alone.
[[nodiscard]] nlohmann::json to_json(const Limits& limits);

// What `value` holds. A missing, unknown or mistyped member is an Error of kind kInternal: only our
// own runner writes plans.

[[nodiscard]] Plan plan_from_json(const nlohmann::json& value);
[[nodiscard]] Limits limits_from_json(const nlohmann::json& value);

} // namespace caisson::sandbox
