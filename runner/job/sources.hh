#pragma once

#include "attest/digest.hh"
#include "runner/dockerfile/instruction.hh"
#include "runner/job/context.hh"
#include "runner/request.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// The user's files of a build, read and hashed.
struct Sources {
    Dockerfile dockerfile;
    std::string dockerfile_name; ///< as the user gave it, for errors
    attest::Digest dockerfile_digest;
    Context context;
    std::vector<std::string> warnings;
};

/// Reads the Dockerfile (`-f`, else CONTEXT/Dockerfile), the .dockerignore
/// (`<Dockerfile>.dockerignore` first, as docker does) and walks the context.
[[nodiscard]] Sources read_sources(const BuildRequest& request);

} // namespace caisson::runner
