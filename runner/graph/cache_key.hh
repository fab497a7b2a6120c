#pragma once

#include "attest/digest.hh"
#include "runner/graph/node.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// What every key of a build depends on beside its own operation.
struct KeyContext {
    std::string policy; ///< digest of the policy in force
    std::int64_t epoch = 0;
    std::string architecture; ///< of the machine
};

/// The key of one operation: the digest of a JSON object with every part under its own name, so
/// that parts can never run into each other. `inputs`: the keys of its inputs. `content`: for a
/// base the digests of its layers, for files from the context their selection's digest; empty
/// otherwise.
[[nodiscard]] attest::Digest key_of(const Node& node,
                                    const std::vector<attest::Digest>& inputs,
                                    const std::string& content,
                                    const KeyContext& context);

/// The plan of a RUN as it is digested into the statement: without the names of trees, which mean
/// nothing elsewhere.
[[nodiscard]] std::string plan_document(const sandbox::Plan& plan);

} // namespace caisson::runner
