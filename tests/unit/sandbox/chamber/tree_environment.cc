#include "tree_environment.hh"

#include "sandbox/base/error.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <pwd.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

/// {first, count} of the invoking user in /etc/subuid or /etc/subgid; as root any range will do.
std::string range_of(const char* list)
{
    if (::geteuid() == 0) return "200000 65536";
    const passwd* user = ::getpwuid(::geteuid()); // NOLINT(concurrency-mt-unsafe): one thread
    std::ifstream file(list);
    for (std::string line; user != nullptr && std::getline(file, line);)
        if (line.starts_with(std::string(user->pw_name) + ":")) {
            std::string range = line.substr(line.find(':') + 1);
            range[range.find(':')] = ' ';
            return range;
        }
    return {};
}

/// Maps the ids of `pid` from outside: by root's own hand, or by the set-user-id tools.
int map_ids(pid_t pid)
{
    const std::string users = range_of("/etc/subuid");
    const std::string groups = range_of("/etc/subgid");
    const std::string number = std::to_string(pid);
    if (::geteuid() == 0) {
        std::ofstream("/proc/" + number + "/uid_map") << "0 " << users << std::flush;
        std::ofstream("/proc/" + number + "/gid_map") << "0 " << groups << std::flush;
        return 0;
    }
    const std::string command =
        "newuidmap " + number + " 0 " + users + " && newgidmap " + number + " 0 " + groups;
    return ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
}

bool enter_namespaces()
{
    auto [ready_read, ready_write] = make_pipe();
    const pid_t self = ::getpid();
    const pid_t helper = ::fork();
    if (helper == 0) {
        ready_write.reset();
        char byte = 0;
        ::_exit(::read(ready_read.get(), &byte, 1) == 1 ? map_ids(self) : 1);
    }
    const bool unshared = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (unshared) write_all(ready_write.get(), "x");
    ready_write.reset();
    int status = 0;
    ::waitpid(helper, &status, 0);
    return unshared && status == 0 && ::setresgid(0, 0, 0) == 0 && ::setresuid(0, 0, 0) == 0;
}

class Namespaces : public ::testing::Environment {
public:
    void SetUp() override
    {
        if (enter_namespaces()) return;
        const char* must = std::getenv("CAISSON_TESTS_MUST_RUN"); // NOLINT(concurrency-mt-unsafe)
        if (must != nullptr && std::string(must) == "1")
            FAIL() << "no user namespace with subordinate ids here";
        GTEST_SKIP() << "no user namespace with subordinate ids here";
    }
};

[[maybe_unused]] const auto* const kNamespaces =
    ::testing::AddGlobalTestEnvironment(new Namespaces);

std::string attributes_of(const std::filesystem::path& path)
{
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    std::string text;
    for (const std::string& name : sys::flistxattr(file.get()))
        if (!name.starts_with("user.overlay.") && !name.starts_with("security.selinux"))
            text += " " + name + "=" + sys::quoted(sys::fgetxattr(file.get(), name));
    return text;
}

std::string line_of(const std::filesystem::path& path, const struct stat& status)
{
    std::string line;
    if (S_ISDIR(status.st_mode)) line += " directory" + attributes_of(path);
    if (S_ISREG(status.st_mode))
        line += " file " + std::to_string(status.st_size) + " " +
                std::to_string(std::hash<std::string>{}(content_of(path))) + attributes_of(path);
    if (S_ISLNK(status.st_mode)) line += " link " + std::filesystem::read_symlink(path).native();
    if (S_ISFIFO(status.st_mode)) line += " fifo";
    if (S_ISCHR(status.st_mode)) line += " char " + std::to_string(status.st_rdev);
    char mode[8] = {};
    (void)std::snprintf(mode, sizeof mode, "%o", status.st_mode & 07777U);
    return line + " " + mode + " " + std::to_string(status.st_uid) + ":" +
           std::to_string(status.st_gid) + " @" + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec);
}

} // namespace

TreeStore::TreeStore()
    : directory_(std::filesystem::temp_directory_path(), "caisson-trees-")
    , trees_(open_file(directory_.path(), O_RDONLY | O_DIRECTORY))
{}

TreeStore::~TreeStore() = default;

std::filesystem::path TreeStore::tree(const std::string& id)
{
    if (!std::filesystem::exists(directory_.path() / id)) make_tree(trees_.get(), id);
    return directory_.path() / id / "fs";
}

nlohmann::json TreeStore::work(const WorkerView& view,
                               const std::string& input,
                               const std::function<std::string(int, int)>& body) const
{
    auto [read_end, write_end] = make_pipe();
    const Worker worker = start_worker(trees_.get(), view, read_end.get(), body);
    read_end.reset();
    (void)::signal(SIGPIPE, SIG_IGN);
    const std::jthread feeder([&input, end = std::move(write_end)]() mutable {
        try {
            write_all(end.get(), input);
        } catch (const SysError& error) {
            EXPECT_EQ(error.number(), EPIPE);
        }
        end.reset();
    });
    return answer_of(worker);
}

std::pair<nlohmann::json, std::string>
TreeStore::work_out(const WorkerView& view, const std::function<std::string(int, int)>& body) const
{
    auto [read_end, write_end] = make_pipe();
    const Worker worker = start_worker(trees_.get(), view, write_end.get(), body);
    write_end.reset();
    std::string output = read_all(read_end.get(), 1U << 30, "the worker's output");
    return {answer_of(worker), std::move(output)};
}

nlohmann::json answer_of(const Worker& worker)
{
    const std::string text = read_all(worker.result.get(), 1U << 20, "the worker's answer");
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
    if (text.empty())
        throw Error(ErrorKind::kInternal, "the worker ended with " + std::to_string(status));
    return nlohmann::json::parse(text);
}

UniqueFd file_with(const std::string& bytes)
{
    UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
    write_all(file.get(), bytes);
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::vector<std::string> listing_of(const std::filesystem::path& root)
{
    std::vector<std::string> lines;
    std::map<ino_t, std::string> first_names;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
        struct stat status = {};
        EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
        const std::string name = path.lexically_relative(root);
        std::string line = name + line_of(path, status);
        const auto [same, is_new] = first_names.try_emplace(status.st_ino, name);
        if (!is_new) line += " = " + same->second;
        lines.push_back(line);
    }
    return lines;
}

std::string content_of(const std::filesystem::path& path)
{
    return read_file(path, 1U << 28);
}

} // namespace caisson::sandbox::testing
