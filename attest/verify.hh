#pragma once

#include "attest/digest.hh"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::attest {

/// One clause of a verification, in the order checked.
struct Clause {
    std::string name; ///< "signature", "subject", …
    bool holds = false;
    std::string reason;
};

/// A checked answer with its reasons. `statement` is set only when every clause holds.
struct Verdict {
    std::vector<Clause> clauses;
    std::optional<nlohmann::json> statement; ///< parsed from the very bytes that were verified
    [[nodiscard]] bool holds() const noexcept;
};

struct Expectations {
    std::string public_key;                ///< SPKI PEM: the one key that is trusted; no default
    Digest subject;                        ///< the image manifest that the statement must be about
    std::optional<std::string> builder_id; ///< exact
};

/// Verifies a Sigstore bundle or a DSSE envelope, clause by clause. Damaged input is a verdict that
/// does not hold, never an exception.
[[nodiscard]] Verdict verify(std::string_view bundle_or_envelope, const Expectations& expected);

} // namespace caisson::attest
