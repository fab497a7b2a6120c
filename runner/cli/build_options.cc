#include "runner/cli/build_options.hh"

#include "runner/cli/key.hh"
#include "runner/image/reference.hh"
#include "runner/store/store.hh"
#include "sandbox/base/error.hh"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace caisson::runner {
namespace {

/// `NAME=value`, or `NAME` alone: the value of that variable in the caller's environment, as docker
/// does.
void add_build_arg(const std::string& text, std::map<std::string, std::string>& args)
{
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) throw Error(ErrorKind::kUsage, "--build-arg \"" + text + "\" has no name");
    if (equals != std::string::npos)
        args[name] = text.substr(equals + 1);
    else if (const char* value =
                 std::getenv(name.c_str())) // NOLINT(concurrency-mt-unsafe): before any thread
        args[name] = value;
}

std::int64_t epoch_from_environment(const char* text)
{
    char* end = nullptr;
    const long long value = std::strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0)
        throw Error(ErrorKind::kUsage,
                    "SOURCE_DATE_EPOCH=" + std::string(text) + " is no number of seconds");
    return value;
}

std::optional<std::filesystem::path> optional_path(const std::string& text)
{
    return text.empty() ? std::nullopt : std::optional<std::filesystem::path>(text);
}

std::string normal_tag(const std::string& text)
{
    const Reference reference = in_context("--tag", [&] { return Reference::parse(text); });
    if (reference.digest)
        throw Error(
            ErrorKind::kUsage, "--tag " + text + ": a digest can not be chosen", "give name:tag");
    return reference.familiar();
}

} // namespace

BuildRequest request_of(const BuildOptions& options)
{
    BuildRequest request = options.request;
    for (const std::string& text : options.build_args)
        add_build_arg(text, request.build_args);
    for (const std::string& text : options.build_contexts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Error(ErrorKind::kUsage,
                        "--build-context \"" + text + "\" is not NAME=VALUE",
                        "as in base=oci-layout://DIR:tag");
        request.build_contexts[text.substr(0, equals)] = text.substr(equals + 1);
    }
    for (const std::string& text : options.outputs)
        request.outputs.push_back(parse_output(text));
    for (std::string& tag : request.tags)
        tag = normal_tag(tag);
    request.key = options.key.empty() ? default_key_path() : std::filesystem::path(options.key);
    request.provenance_file = optional_path(options.provenance);
    request.metadata_file = optional_path(options.metadata);
    request.iid_file = optional_path(options.iid);
    if (options.epoch_option->count() > 0)
        request.source_date_epoch = options.epoch;
    else if (const char* text = std::getenv("SOURCE_DATE_EPOCH")) // NOLINT(concurrency-mt-unsafe)
        request.source_date_epoch = epoch_from_environment(text);
    request.store = Store::default_path();
    return request;
}

std::shared_ptr<BuildOptions> add_build_options(CLI::App& app)
{
    auto options = std::make_shared<BuildOptions>();
    BuildRequest& request = options->request;
    app.add_option(
           "CONTEXT", request.context, "Directory with the files that COPY and ADD may take")
        ->required();
    app.add_option("-f,--file", request.dockerfile, "Dockerfile (default: CONTEXT/Dockerfile)");
    app.add_option("-t,--tag", request.tags, "Name and tag of the image (repeatable)")
        ->allow_extra_args(false);
    app.add_option("--target", request.target, "Stage to build (default: the last)");
    app.add_option("--build-arg", options->build_args, "NAME=VALUE for an ARG (repeatable)")
        ->allow_extra_args(false);
    app.add_option("--build-context",
                   options->build_contexts,
                   "NAME=oci-layout://DIR[:TAG] for a FROM or --from (repeatable)")
        ->allow_extra_args(false);
    app.add_option(
           "-o,--output", options->outputs, "type=oci|tar|local,dest=PATH[,tar=false] (repeatable)")
        ->allow_extra_args(false);
    app.add_option("--policy", request.policy, "Policy by name or file (default: default)");
    app.add_option("--key", options->key, "Signing key (default: the one of `caisson key new`)");
    app.add_option(
        "--builder-id", request.builder_id, "URI that names this builder in the provenance");
    app.add_option(
        "--provenance", options->provenance, "Also write the signed provenance to this file");
    app.add_option("--metadata-file", options->metadata, "Write digest, names and steps as JSON");
    app.add_option("--iidfile", options->iid, "Write the image's digest");
    options->epoch_option = app.add_option("--source-date-epoch",
                                           options->epoch,
                                           "Latest time in the image, Unix seconds")
                                ->check(CLI::NonNegativeNumber);
    app.add_flag("--no-cache", request.no_cache, "Run every step, whatever the cache holds");
    app.add_flag(
        "--pull", request.pull, "Ask the registry again what the tags of base images mean");
    return options;
}

} // namespace caisson::runner
