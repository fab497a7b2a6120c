#pragma once

#include "attest/record.hh"
#include "policies/policy.hh"
#include "runner/graph/node.hh"
#include "runner/image/base_image.hh"
#include "runner/job/compile_filter.hh"
#include "runner/job/context.hh"
#include "runner/job/posture.hh"
#include "runner/job/solve.hh"
#include "runner/request.hh"

#include <map>
#include <string>

namespace caisson::runner {

/// What a record is made from: each fact is the runner's own.
struct RecordInput {
    const BuildRequest& request;
    const policies::Policy& policy;
    const attest::Digest& policy_digest;
    const Graph& graph;
    const std::map<std::string, BaseImage>& bases;
    const Context& context;
    const attest::Digest& dockerfile;
    const std::string& target; ///< name of the stage that was built
    const Filter& filter;
    std::string i386_filter;   ///< digest of that of steps on images of linux/386, if there are any
    const sandbox::Plan& plan; ///< of the policy, without a command
    const Solved& solved;
    const Descriptor& manifest;
    const attest::Digest& config;
    const std::vector<attest::Material>& programs; ///< of program_digests()
    const Posture& posture;
    bool trees_in_memory = false; ///< the store lies on overlayfs
    std::string invocation;
    std::int64_t epoch = 0;
    std::int64_t started = 0;
    std::int64_t finished = 0;
};

/// The record of a build: parameters, materials, steps. docs/buildtype-v1.md names each parameter.
[[nodiscard]] attest::BuildRecord make_record(const RecordInput& input, Store& store);

/// The builder id of a build: what the caller configured, else the one that promises nothing,
/// marked as self-held where the invoking user can read the key (SLSA Build L3 asks for a wall
/// there).
[[nodiscard]] std::string builder_id(const BuildRequest& request);

/// A fresh "urn:uuid:…" (RFC 9562, version 4).
[[nodiscard]] std::string new_invocation();

} // namespace caisson::runner
