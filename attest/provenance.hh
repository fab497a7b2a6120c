#pragma once

#include "attest/record.hh"

#include <string>

namespace caisson::attest {

inline constexpr const char* kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr const char* kProvenanceType = "https://slsa.dev/provenance/v1";
inline constexpr const char* kPayloadType = "application/vnd.in-toto+json";

/// The in-toto Statement v1 with SLSA provenance v1 for a build, minified JSON with sorted keys:
/// exactly the bytes that are signed. A field that would not be valid UTF-8 is an Error of kind
/// kInternal.
[[nodiscard]] std::string make_provenance(const BuildRecord& record);

} // namespace caisson::attest
