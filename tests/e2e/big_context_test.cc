// Contexts as large, and with names as odd, as a file system lets them be.
#include "tests/support/workspace.hh"

#include <algorithm>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void make_empty_files(const fs::path& directory, int count)
{
    fs::create_directory(directory);
    const UniqueFd here = open_file(directory, O_RDONLY | O_DIRECTORY);
    for (int file = 0; file < count; ++file)
        (void)open_file_at(here.get(), "f" + std::to_string(file), O_WRONLY | O_CREAT, 0644);
}

TEST(BigContext, Of200000FilesBuildsAndIsTakenFromTheCache)
{
    constexpr int kDirectories = 100;
    constexpr int kFiles = 2'000;
    // in memory where there is some: it is the files that are many
    const Workspace work(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path());
    for (int directory = 0; directory < kDirectories; ++directory)
        make_empty_files(work.context() / ("d" + std::to_string(directory)), kFiles);
    const std::string dockerfile = "FROM scratch\nCOPY . /\n";

    const Ran first = work.build(dockerfile, {"--iidfile", work.path("first")});
    const Ran second = work.build(dockerfile, {"--iidfile", work.path("second")});

    EXPECT_EQ(first.exit, 0) << first.err;
    EXPECT_THAT(second.err, HasSubstr("CACHED"));
    const auto id = [&](const char* name) { return read_file(work.path(name), 100); };
    EXPECT_EQ(id("first"), id("second"));
}

TEST(BigContext, KeepsNamesOfAnyBytes)
{
    const Workspace work;
    std::set<std::string> names = {
        std::string(255, '\xff'), std::string(255, 'n'), "\xc0\xaf", "..."};
    for (int byte = 1; byte < 256; ++byte)
        if (byte != '/') names.insert("n" + std::string(1, static_cast<char>(byte)));
    for (const std::string& name : names)
        work.write("odd/" + name, name);

    const Ran built = work.build("FROM scratch\nCOPY odd /\n",
                                 {"-o",
                                  "type=local,dest=" + work.path("out").native(),
                                  "-o",
                                  "type=oci,dest=" + work.path("out.tar").native()});

    EXPECT_EQ(built.exit, 0) << built.err;
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(work.path("out"))) {
        found.insert(entry.path().filename());
        EXPECT_EQ(read_file(entry.path(), 1000), entry.path().filename());
    }
    EXPECT_EQ(found, names);
}

} // namespace
} // namespace caisson::testing
