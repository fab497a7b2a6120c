#include "runner/job/host_root.hh"

#include "runner/job/context.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cerrno>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestSkeleton = 1U << 20;

struct Directory {
    const char* name;
    std::uint32_t mode;
};
constexpr Directory kDirectories[] = {{"dev", 0755},
                                      {"etc", 0755},
                                      {"etc/alternatives", 0755},
                                      {"home", 0755},
                                      {"proc", 0755},
                                      {"root", 0700},
                                      {"run", 0755},
                                      {"tmp", 01777},
                                      {"usr", 0755},
                                      {"var", 0755},
                                      {"var/tmp", 01777}};

/// Where programs and libraries lie: links into /usr on most hosts, directories on the others.
constexpr const char* kPrograms[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};
/// What programs in /usr are found through: Debian's links to the preferred one, and the loader's
/// list of libraries.
constexpr const char* kAlternatives = "etc/alternatives";
constexpr const char* kLibraries = "etc/ld.so.cache";

constexpr std::string_view kUsers = "root:x:0:0:root:/root:/bin/sh\n"
                                    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n";
constexpr std::string_view kGroups = "root:x:0:\nnogroup:x:65534:\n";

void add_file(TarWriter& tar, const char* name, std::string_view content)
{
    tar.begin_file(name, 0644, content.size(), kDefaultEpoch);
    tar.write(content);
    tar.end_file();
}

std::string content_of(int memory)
{
    if (::lseek(memory, 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    return read_all(memory, kLargestSkeleton, "the skeleton of a root");
}

} // namespace

HostRoot host_root()
{
    HostRoot root;
    const UniqueFd memory(::memfd_create("skeleton", MFD_CLOEXEC));
    if (!memory) throw SysError(errno, "memfd_create");
    TarWriter tar(memory.get());
    const fs::path host = "/";
    const auto bind = [&](const std::string& name) {
        root.binds.push_back({.source = host / name, .destination = host / name});
    };
    for (const Directory& directory : kDirectories)
        tar.add_directory(directory.name, directory.mode, kDefaultEpoch);
    add_file(tar, "etc/group", kGroups);
    add_file(tar, "etc/passwd", kUsers);
    bind("usr");
    std::error_code missing;
    for (const char* name : kPrograms) {
        const fs::file_status status = fs::symlink_status(host / name, missing);
        if (fs::is_symlink(status))
            tar.add_link(name, fs::read_symlink(host / name).native(), kDefaultEpoch);
        else if (fs::is_directory(status))
            bind(name);
    }
    if (fs::is_directory(fs::symlink_status(host / kAlternatives, missing))) bind(kAlternatives);
    if (fs::is_regular_file(fs::symlink_status(host / kLibraries, missing))) bind(kLibraries);
    tar.finish();
    root.skeleton = content_of(memory.get());
    return root;
}

} // namespace caisson::runner
