#include "runner/job/outputs.hh"

#include "runner/image/workplace.hh"
#include "runner/job/streams.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <ctime>
#include <fcntl.h>
#include <system_error>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

/// `text` without the slashes at its end, so that a name can be made beside it.
fs::path plain(const fs::path& path)
{
    fs::path result = fs::absolute(path).lexically_normal();
    if (!result.has_filename()) result = result.parent_path();
    return result;
}

fs::path beside(const fs::path& destination)
{
    fs::path path = destination;
    path += ".sigstore.json";
    return path;
}

/// Gives a finished output its name, and the attestation its own beside it: the attestation first,
/// and taken back where the output can not follow.
void publish(const fs::path& temporary, const fs::path& destination, const std::string& bundle)
{
    write_file_atomically(beside(destination), bundle);
    std::error_code failure;
    fs::rename(temporary, destination, failure);
    if (!failure) return;
    fs::remove(beside(destination));
    throw SysError(failure.value(), "rename to \"" + destination.native() + "\"");
}

void write_tar_file(Site& site, const Result& result, const fs::path& destination)
{
    const Workplace aside(destination.parent_path(), destination.filename().native());
    const fs::path temporary = aside.path() / "image.tar";
    const UniqueFd file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
    site.chamber().collect({.lowers = site.trees_of(result.layers)}, file.get()).get();
    publish(temporary, destination, result.bundle);
}

void write_directory(Site& site, const Result& result, const fs::path& destination)
{
    const Workplace aside(destination.parent_path(), destination.filename().native());
    const fs::path temporary = aside.path() / "root";
    fs::create_directory(temporary);
    const UniqueFd directory = open_file(temporary, O_RDONLY | O_DIRECTORY);
    auto [read_end, write_end] = make_pipe();
    auto collected =
        site.chamber().collect({.lowers = site.trees_of(result.layers)}, write_end.get());
    write_end.reset();
    try {
        sandbox::extract_as_caller(
            own_directory() / "caisson-chamber", read_end.get(), directory.get());
    } catch (const Error&) {
        read_end.reset();
        collected.get(); // where the stream was cut off, who wrote it knows why
        throw;
    }
    read_end.reset();
    collected.get();
    publish(temporary,
            destination,
            result.bundle); // an empty directory of that name is replaced, any other refused
}

void write_output(const OutputRequest& output,
                  const BuildRequest& request,
                  const Result& result,
                  Site& site)
{
    const fs::path destination = plain(output.destination);
    const OutputImage image{
        .manifest = result.manifest, .names = request.tags, .bundle = result.bundle_digest};
    switch (output.type) {
    case OutputRequest::Type::kOci:
        return output.tar ? write_oci_archive(site.store(), image, destination)
                          : write_oci_layout(site.store(), image, destination);
    case OutputRequest::Type::kTar:
        return write_tar_file(site, result, destination);
    case OutputRequest::Type::kLocal:
        return write_directory(site, result, destination);
    }
}

} // namespace

void check_outputs(const BuildRequest& request)
{
    for (const OutputRequest& output : request.outputs) {
        const fs::path destination = plain(output.destination);
        std::error_code failure;
        if (!fs::is_directory(destination.parent_path(), failure))
            throw Error(ErrorKind::kInput,
                        "output \"" + output.destination.native() + "\": there is no directory \"" +
                            destination.parent_path().native() + "\"");
        const bool wants_directory = output.type == OutputRequest::Type::kLocal || !output.tar;
        if (!wants_directory && fs::is_directory(destination, failure))
            throw Error(ErrorKind::kInput,
                        "output \"" + output.destination.native() + "\" is a directory",
                        "name a file, or give tar=false");
        if (output.type == OutputRequest::Type::kLocal && fs::exists(destination, failure) &&
            !fs::is_empty(destination, failure))
            throw Error(ErrorKind::kInput,
                        "output \"" + output.destination.native() +
                            "\" is there already and not empty",
                        "name a new directory");
    }
}

void hand_out(const BuildRequest& request, const Result& result, Site& site, Progress& progress)
{
    for (const OutputRequest& output : request.outputs) {
        in_context("output \"" + output.destination.native() + "\"",
                   [&] { write_output(output, request, result, site); });
        progress.result("output", output.destination.native());
    }
    if (request.outputs.empty()) {
        std::vector<std::string> names = request.tags;
        if (names.empty()) names.push_back(result.manifest.digest.text());
        for (const std::string& name : names) {
            site.store().put_image({.name = name,
                                    .manifest = result.manifest,
                                    .bundle = result.bundle_digest,
                                    .created = rfc3339(std::time(nullptr))});
            progress.result("image", name);
        }
    }
    if (request.provenance_file) {
        write_file_atomically(*request.provenance_file, result.bundle);
        progress.result("provenance", request.provenance_file->native());
    }
    if (request.iid_file) write_file_atomically(*request.iid_file, result.manifest.digest.text());
}

} // namespace caisson::runner
