// The story: CVE-2024-23651, CVE-2024-11218 and what `docker cp` was found to do in 2018 and in
// 2026: a path is looked at, found to be a directory of the context, and is a link to the host's by
// the time it is read.
//
// The attacker: a process beside the build that exchanges a directory and a link a hundred thousand
// times a second (RENAME_EXCHANGE). The assertion: however often it is built, the image never has
// the secret.
#include "tests/escape/outside.hh"

#include <atomic>
#include <cstdio>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// Exchanges the two names for as long as it lives.
class Exchange {
public:
    Exchange(fs::path one, fs::path other)
        : thread_([this, one = std::move(one), other = std::move(other)] {
            while (!stop_)
                ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
        })
    {}
    ~Exchange()
    {
        stop_ = true;
        thread_.join();
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

class EscapeByRace : public ::testing::Test {
protected:
    void SetUp() override
    {
        work.write("dir/secret", "of the context");
        fs::create_directory_symlink(outside.path(), work.context() / "link");
    }

    Workspace work;
    Outside outside{work};
};

TEST_F(EscapeByRace, IsWonAgainstWhoLooksFirst)
{
    const Exchange exchange(work.context() / "dir", work.context() / "link");
    const std::string directory = work.context();
    bool won = false;

    for (int attempt = 0; attempt < 2000 && !won; ++attempt)
        won = shell("cd '" + directory +
                    "'; i=0; while [ $i -lt 200 ]; do [ -L dir ] || cat dir/secret; "
                    "i=$((i+1)); done")
                  .out.find(Outside::kSecret) != std::string::npos;

    EXPECT_TRUE(won) << "it proves nothing";
}

TEST_F(EscapeByRace, IsNeverWonAgainstABuild)
{
    const Exchange exchange(work.context() / "dir", work.context() / "link");
    int built_at_all = 0;

    for (int attempt = 0; attempt < 60; ++attempt) {
        const Ran built = work.build("FROM scratch\nCOPY dir /d\nCOPY . /all\n",
                                     {"-o", "type=tar,dest=" + work.path("out.tar").native()});
        built_at_all += built.exit == 0 ? 1 : 0;
        EXPECT_THAT(shell("cat '" + work.path("out.tar").native() + "' 2>/dev/null").out,
                    Not(HasSubstr(Outside::kSecret)));
        EXPECT_THAT(built.err, Not(HasSubstr(Outside::kSecret)));
        fs::remove(work.path("out.tar"));
        fs::remove(work.path("out.tar.sigstore.json"));
    }

    EXPECT_TRUE(outside.is_untouched());
    RecordProperty("built", built_at_all);
}

} // namespace
} // namespace caisson::testing
