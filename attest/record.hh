#pragma once

#include "attest/digest.hh"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace caisson::attest {

/// Something that went into the build, by digest.
struct Material {
    std::string name; ///< "context", "dockerfile", "policy", "base:build"
    std::string uri;
    std::map<std::string, std::string> digest; ///< algorithm → hex
    std::string media_type;
    std::string download_location;
    nlohmann::json annotations = nlohmann::json::object(); ///< caisson_… members
};

/// What is known of one step; stored in the cache beside its layer, so it is as complete on a hit
/// as on a run.
struct StepEvidence {
    std::string name; ///< "RUN make"
    std::string stage;
    Digest key;  ///< the step's cache key: everything it depended on
    Digest plan; ///< of the plan as JSON; empty where no cell ran
    bool cached = false;
    std::string origin_invocation; ///< urn:uuid of the build that ran it
    int exit_code = 0;
    std::string verdict; ///< "exited", …
    double seconds = 0;
    int landlock_abi = 0;
    std::string seccomp; ///< digest of the loaded program
    Digest layer;        ///< diff id; empty where the step changed no file
    std::map<std::string, std::string> limits_held_by; ///< limit → "cgroup-v2", "watcher", …
    bool lowers_verified = false; ///< what it built on was hashed again once it had ended
};

struct ByProduct {
    std::string name;
    Digest digest;
    std::string media_type;
};

/// All that the runner saw of a build, as plain data: the only source of an attestation. Nothing
/// that a step printed, wrote or named is in here as a fact.
struct BuildRecord {
    std::string subject_name; ///< repository without tag, or "" for an untagged image
    Digest subject;           ///< the image manifest
    std::string build_type = "https://caisson.dev/buildtypes/dockerfile/v1";
    nlohmann::json external_parameters =
        nlohmann::json::object(); ///< docs/buildtype-v1.md: closed, complete
    nlohmann::json internal_parameters = nlohmann::json::object();
    std::vector<Material> materials;
    std::string builder_id;
    std::map<std::string, std::string> builder_version; ///< {"caisson": "0.1.0"}
    std::vector<Material> builder_dependencies;         ///< caisson, seccomp, sandbox, landlock …
    std::string invocation_id;                          ///< urn:uuid:…
    std::int64_t started = 0;                           ///< Unix seconds
    std::int64_t finished = 0;
    std::vector<StepEvidence> steps;
    nlohmann::json evidence =
        nlohmann::json::object(); ///< predicate.runDetails.metadata.caisson_evidence,
                                  ///< less the steps
    std::vector<ByProduct> byproducts;
};

} // namespace caisson::attest
