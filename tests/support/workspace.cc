#include "tests/support/workspace.hh"

#include "sandbox/base/error.hh"
#include "tests/support/paths.hh"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;

UniqueFd memory_file()
{
    UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
    if (!file) throw SysError(errno, "memfd_create");
    return file;
}

std::string content_of(const UniqueFd& file)
{
    if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    return read_all(file.get(), 256U << 20U, "output");
}

/// A file of procfs; nothing where the process has ended, be it since the file was opened, or is
/// not ours to read.
std::string proc_text(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text; // an istreambuf_iterator would throw
    text << file.rdbuf();
    return text.str();
}

} // namespace

Ran run(const fs::path& program,
        const std::vector<std::string>& arguments,
        const std::vector<std::string>& environment)
{
    const UniqueFd out = memory_file();
    const UniqueFd err = memory_file();
    Program running = Program::start({.path = program,
                                      .arguments = arguments,
                                      .environment = environment,
                                      .standard_output = out.get(),
                                      .standard_error = err.get()});
    const int exit = running.wait();
    return {.exit = exit, .out = content_of(out), .err = content_of(err)};
}

Workspace::Workspace(const fs::path& parent)
    : directory_(parent, "caisson-e2e-")
{
    // the chamber gets at the store by descriptor; nothing else needs to pass through here
    fs::create_directory(context());
    const Ran made = caisson({"key", "new"});
    if (made.exit != 0) throw Error(ErrorKind::kInternal, "caisson key new: " + made.err);
}

Workspace::~Workspace()
{
    for (const auto& entry : fs::directory_iterator(directory_.path()))
        if (fs::exists(entry.path() / "trees")) {
            store_ = entry.path().filename();
            caisson({"store", "prune", "--all"});
        }
}

void Workspace::write(const std::string& name, const std::string& content, unsigned mode) const
{
    const fs::path file = context() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    fs::permissions(file, static_cast<fs::perms>(mode));
}

void Workspace::add_busybox() const
{
    fs::copy_file("/bin/busybox", context() / "busybox", fs::copy_options::overwrite_existing);
}

std::string Workspace::busybox_root()
{
    return "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", "
           "\"/bin\"]\n";
}

std::vector<std::string> Workspace::environment() const
{
    return {"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME=" + path("home").native(),
            "CAISSON_STORE=" + path(store_).native(),
            "CAISSON_KEY=" + path("key.pem").native(),
            "LEAKED_INTO_THE_BUILD=yes"};
}

Ran Workspace::caisson(const std::vector<std::string>& arguments) const
{
    return run(checkout::bin() / "caisson", arguments, environment());
}

Ran Workspace::build(const std::string& dockerfile, std::vector<std::string> options) const
{
    write("Dockerfile", dockerfile);
    options.insert(options.begin(), "build");
    options.push_back(context());
    return caisson(options);
}

Program Workspace::start(std::vector<std::string> arguments, int output) const
{
    return Program::start({.path = checkout::bin() / "caisson",
                           .arguments = std::move(arguments),
                           .environment = environment(),
                           .standard_output = output,
                           .standard_error = output});
}

std::vector<int> processes_of(const Workspace& workspace)
{
    // The runner carries the store's name in its environment; a chamber binds its trees, and a cell
    // or worker mounts some of them: their mounts say so, whoever their parent is now.
    const std::string mark = "CAISSON_STORE=" + workspace.store().native();
    // the signer has neither, but is told its key
    const std::string signer = (checkout::bin() / "caisson-signer").native() +
                               std::string("\0serve\0", 7) + workspace.path("key.pem").native();
    std::vector<std::string> mounts = {workspace.store() / "trees"};
    std::error_code missing;
    for (const auto& tree : fs::directory_iterator(workspace.store() / "trees", missing))
        mounts.push_back("/" + tree.path().filename().native() + "/");
    std::vector<int> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() ||
            pid == ::getpid())
            continue;
        const std::string mounted = proc_text(entry.path() / "mountinfo");
        if (proc_text(entry.path() / "environ").find(mark) != std::string::npos ||
            proc_text(entry.path() / "cmdline").starts_with(signer) ||
            std::any_of(mounts.begin(), mounts.end(), [&](const std::string& text) {
                return mounted.find(text) != std::string::npos;
            }))
            found.push_back(pid);
    }
    return found;
}

} // namespace caisson::testing
