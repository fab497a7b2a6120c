// What `caisson explain` says of every cell, held against a cell.
#include "sandbox/cell/describe.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/support/paths.hh"

#include <algorithm>
#include <gmock/gmock.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

using nlohmann::json;

class Description : public CellTest {
protected:
    static std::string output_of(const std::string& line) { return run(script(line)).output; }

    static std::vector<std::string> lines_of(const std::string& text)
    {
        std::istringstream stream(text);
        std::vector<std::string> lines;
        for (std::string line; std::getline(stream, line);)
            lines.push_back(line);
        return lines;
    }

    /// What decides about a mount, of a list of options separated by commas.
    static std::set<std::string> deciding(const std::string& options)
    {
        std::set<std::string> found;
        std::istringstream stream(options);
        for (std::string one; std::getline(stream, one, ',');)
            if (one == "ro" || one == "rw" || one == "nosuid" || one == "nodev" || one == "noexec")
                found.insert(one);
        return found;
    }

    const json said = describe_cells(checkout::bin() / "caisson-chamber");
};

TEST_F(Description, NamesEveryMountWithItsOptions)
{
    std::map<std::string, std::set<std::string>> noted = {{"/", deciding("rw,nosuid,nodev")}};
    for (const json& mount : said.at("mounts"))
        noted[mount.at("path")] = deciding(mount.at("options"));
    const std::vector<std::string> shown = said.at("procShown");

    std::set<std::string> seen;
    // fields 5 and 6 of proc_pid_mountinfo(5)
    for (const std::string& line : lines_of(output_of("cut -d ' ' -f 5,6 /proc/self/mountinfo"))) {
        const std::string path = line.substr(0, line.find(' '));
        const auto options = deciding(line.substr(line.find(' ') + 1));
        seen.insert(path);
        if (const auto note = noted.find(path); note != noted.end()) {
            EXPECT_EQ(options, note->second) << path;
            continue;
        }
        // all that is not shown of /proc is covered
        EXPECT_TRUE(path.starts_with("/proc/")) << path;
        EXPECT_EQ(std::count(shown.begin(), shown.end(), path.substr(6)), 0) << path;
        EXPECT_TRUE(options.contains("ro")) << path;
    }

    for (const auto& [path, options] : noted)
        EXPECT_TRUE(seen.contains(path) || !std::filesystem::exists(path)) << path;
}

TEST_F(Description, NamesTheNamespacesThatACellHasOfItsOwn)
{
    std::set<std::string> own;
    for (const std::string& line :
         lines_of(output_of("for n in /proc/self/ns/*; do echo ${n##*/} $(readlink $n); done"))) {
        const std::string name = line.substr(0, line.find(' '));
        if (name.ends_with("_for_children")) continue;
        const auto outside = std::filesystem::read_symlink("/proc/self/ns/" + name).native();
        if (line.substr(line.find(' ') + 1) != outside) own.insert(name);
    }

    EXPECT_EQ(own, said.at("namespaces").get<std::set<std::string>>());
}

TEST_F(Description, NamesTheLimitsThatNoPolicyChanges)
{
    const std::map<std::string, std::string> rows = {{"RLIMIT_CORE", "Max core file size"},
                                                     {"RLIMIT_MEMLOCK", "Max locked memory"},
                                                     {"RLIMIT_SIGPENDING", "Max pending signals"},
                                                     {"RLIMIT_MSGQUEUE", "Max msgqueue size"},
                                                     {"RLIMIT_NICE", "Max nice priority"},
                                                     {"RLIMIT_RTPRIO", "Max realtime priority"}};
    const std::string table = output_of("tr -s ' ' </proc/self/limits");

    ASSERT_EQ(said.at("limits").size(), rows.size());
    for (const json& limit : said.at("limits")) {
        const std::string& row = rows.at(limit.at("name"));
        const std::string value = std::to_string(limit.at("value").get<std::uint64_t>());
        EXPECT_THAT(table, ::testing::HasSubstr(row + " " + value + " " + value)) << row;
    }
}

TEST_F(Description, GivesEachStepOfTheSetUpAReason)
{
    EXPECT_GT(said.at("setup").size(), 20U);
    for (const json& step : said.at("setup"))
        EXPECT_FALSE(step.at("why").get<std::string>().empty()) << step.at("step");
}

} // namespace
} // namespace caisson::sandbox::testing
