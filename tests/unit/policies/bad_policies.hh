#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace caisson::policies {

/// A policy that both the loader and the JSON Schema must refuse.
struct BadPolicy {
    std::string what;
    nlohmann::json document;
};

/// The default profile with one thing wrong, each in another way.
[[nodiscard]] std::vector<BadPolicy> bad_policies();

} // namespace caisson::policies
