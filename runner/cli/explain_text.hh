#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace caisson::runner {

/// An explanation (runner/job/explain.hh) as a page for people; safe on a terminal.
[[nodiscard]] std::string explanation_text(const nlohmann::json& explanation);

} // namespace caisson::runner
