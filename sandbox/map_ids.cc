#include "sandbox/map_ids.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

void write_map(pid_t pid, const char* name, const IdRange& range)
{
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    write_all(open_file(path, O_WRONLY).get(),
              "0 " + std::to_string(range.first) + " " + std::to_string(range.count));
}

/// newuidmap or newgidmap at work.
class MapProgram {
public:
    MapProgram(const char* path, pid_t pid, const IdRange& range)
        : path_(path)
        , complaints_(::memfd_create("stderr", MFD_CLOEXEC))
        , program_(Program::start({.path = path,
                                   .arguments = {std::to_string(pid),
                                                 "0",
                                                 std::to_string(range.first),
                                                 std::to_string(range.count)},
                                   .standard_error = complaints_.get()}))
    {}

    void finish()
    {
        if (program_.wait() == 0) return;
        ::lseek(complaints_.get(), 0, SEEK_SET);
        std::string said = read_all(complaints_.get(), 1U << 16, "standard error");
        while (!said.empty() && said.back() == '\n')
            said.pop_back();
        throw Error(ErrorKind::kHost,
                    said.empty() ? path_ + " failed" : said,
                    "the range must be this user's in /etc/subuid and /etc/subgid, and " + path_ +
                        " setuid root");
    }

private:
    std::string path_;
    UniqueFd complaints_;
    Program program_;
};

} // namespace

void map_ids(pid_t pid, const SubordinateIds& ids)
{
    if (::geteuid() == 0) {
        write_map(pid, "uid_map", ids.users);
        write_map(pid, "gid_map", ids.groups);
        return;
    }
    constexpr const char* kNewUidMap = "/usr/bin/newuidmap";
    constexpr const char* kNewGidMap = "/usr/bin/newgidmap";
    for (const char* path : {kNewUidMap, kNewGidMap})
        if (::access(path, X_OK) != 0)
            throw Error(ErrorKind::kHost,
                        std::string("\"") + path + "\" is not there",
                        "install the package uidmap");
    MapProgram users(kNewUidMap, pid, ids.users);
    MapProgram groups(kNewGidMap, pid, ids.groups);
    users.finish();
    groups.finish();
}

} // namespace caisson::sandbox
