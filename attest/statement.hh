#pragma once

#include "attest/digest.hh"
#include "attest/strict_json.hh"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::attest {

/// An in-toto statement, and beside it the members that decisions hang on: as they stand, empty
/// where they are missing or of another type.
struct Statement {
    nlohmann::json json;
    std::string type;
    std::string predicate_type;
    /// The sha256 of each subject; nothing for one that has none in lower-case hexadecimal.
    std::vector<std::optional<Digest>> subjects;
    std::string build_type;
    std::string builder_id;
    std::string invocation_id;
};

/// Parses a payload strictly. What the members mean is for the caller to judge.
[[nodiscard]] Reading<Statement> read_statement(std::string_view payload);

} // namespace caisson::attest
