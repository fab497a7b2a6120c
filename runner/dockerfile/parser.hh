#pragma once

#include "runner/dockerfile/instruction.hh"

#include <string_view>

namespace caisson::runner {

/// Parses a Dockerfile. `name` is its path as the user gave it. An error is of kind kUsage and
/// shows the place: `Dockerfile:7: unknown instruction "RNU"`, then the line and a caret below it,
/// with a suggestion where there is one. An instruction option that Docker has and caisson has not
/// yet is such an error too.
[[nodiscard]] Dockerfile parse_dockerfile(std::string_view text, std::string_view name);

/// Whether a source of ADD or COPY is a URL or a git repository. Those are refused by the parser,
/// but a variable can hide one: to be asked again after expansion.
[[nodiscard]] bool is_remote_source(std::string_view source);

/// Parses one instruction line, as an ONBUILD trigger of a base image is.
[[nodiscard]] Instruction parse_instruction(std::string_view line, std::string_view origin);

} // namespace caisson::runner
