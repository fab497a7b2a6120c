#include "runner/job/sources.hh"

#include "runner/dockerfile/parser.hh"
#include "runner/job/beneath.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

constexpr std::size_t kMaxDockerfile =
    4U << 20U; // far above any that people write, far below what hurts
constexpr std::size_t kMaxIgnoreFile = 1U << 20U;

/// Reads a regular file and nothing else. A link as .dockerignore could show what lies elsewhere
/// (CVE-2022-4122), a fifo could hang the build.
std::optional<std::string> read_ignore_file(const std::filesystem::path& path)
{
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        throw SysError(errno, "stat \"" + path.native() + "\"");
    }
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::kInput,
                    "\"" + path.native() + "\" is not a regular file",
                    "a link or fifo is never read as a .dockerignore");
    return read_file(path, kMaxIgnoreFile);
}

IgnoreRules read_ignore_rules(const std::filesystem::path& dockerfile,
                              const std::filesystem::path& context)
{
    std::filesystem::path own = dockerfile;
    own += ".dockerignore";
    for (const std::filesystem::path& path : {own, context / ".dockerignore"})
        if (const auto text = read_ignore_file(path))
            return IgnoreRules(*text, path.filename().native());
    return {};
}

/// A Dockerfile of the context is as hostile as the context: a link in its place must not show what
/// lies elsewhere, in an error message or in the provenance. One beside the context the caller
/// chose.
std::string read_dockerfile(const std::filesystem::path& path, const std::filesystem::path& context)
{
    const std::filesystem::path root = std::filesystem::absolute(context).lexically_normal();
    const std::filesystem::path inside =
        std::filesystem::absolute(path).lexically_normal().lexically_relative(root / "");
    if (inside.empty() || *inside.begin() == "..") return read_file(path, kMaxDockerfile);
    const UniqueFd directory = open_file(context, O_PATH | O_DIRECTORY);
    const UniqueFd file = open_file_within(directory.get(), inside);
    return read_all(file.get(), kMaxDockerfile, inside.native());
}

void require_utf8(const std::string& text, const std::string& name)
{
    if (!is_utf8(text))
        throw Error(ErrorKind::kUsage,
                    name + " is not valid UTF-8",
                    "an image's configuration and provenance can hold nothing else");
}

} // namespace

Sources read_sources(const BuildRequest& request)
{
    std::error_code failure;
    if (!std::filesystem::is_directory(request.context, failure))
        throw Error(ErrorKind::kInput,
                    "context \"" + request.context.native() + "\" is not a directory",
                    "a context from git, a tar file or standard input is not supported yet");
    const std::filesystem::path path =
        request.dockerfile.empty() ? request.context / "Dockerfile" : request.dockerfile;
    const std::string name =
        request.dockerfile.empty() ? "Dockerfile" : request.dockerfile.native();
    const std::string text =
        in_context("read the Dockerfile", [&] { return read_dockerfile(path, request.context); });
    require_utf8(text, name);
    Sources sources{.dockerfile = parse_dockerfile(text, name),
                    .dockerfile_name = name,
                    .dockerfile_digest = attest::Digest::of(text),
                    .context =
                        Context::walk(request.context, read_ignore_rules(path, request.context))};
    sources.warnings = sources.dockerfile.warnings;
    sources.warnings.insert(sources.warnings.end(),
                            sources.context.warnings().begin(),
                            sources.context.warnings().end());
    return sources;
}

} // namespace caisson::runner
