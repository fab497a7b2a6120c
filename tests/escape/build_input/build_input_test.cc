// The story: everything that a Dockerfile can say is said by a stranger. A frontend (`# syntax=`)
// is code of anybody's that the builder runs, and one could turn seccomp off (GHSA-7236-3392-c5c6)
// or write outside of the state directory (CVE-2026-33747, CVE-2026-33748); a bind source or a
// cache id that is a path leads out (CVE-2024-1753, CVE-2024-9675, CVE-2024-9407, CVE-2024-11218,
// CVE-2024-23651); a RUN may ask for more than it has (CVE-2024-23653); ADD and COPY of what a
// server sends (CVE-2026-44517).
//
// The attacker: one Dockerfile for each. The assertion: refused before anything runs, or harmless;
// what is not known is never ignored.
#include "tests/escape/outside.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Input {
    const char* name;
    const char* dockerfile; ///< OUTSIDE is the path of the host's directory
};

std::ostream& operator<<(std::ostream& stream, const Input& input)
{
    return stream << input.name;
}

/// Each of these, honoured by path, would show or change the host's directory.
constexpr Input kInputs[] = {
    {"BindSourceAbove",
     "RUN --mount=type=bind,source=../../../../../../../..OUTSIDE,target=/m cat /m/secret"},
    {"BindSourceAbsolute", "RUN --mount=type=bind,source=OUTSIDE,target=/m cat /m/secret"},
    {"BindFromLink",
     "RUN ln -s OUTSIDE /link\nFROM scratch\nCOPY --from=0 / /\nRUN "
     "--mount=type=bind,from=0,source=/link,target=/m cat /m/secret"},
    {"BindWritable",
     "RUN --mount=type=bind,source=.,target=/m,rw rm -rf /m/../outside/canary /m/evil"},
    {"BindTargetThroughLink",
     "RUN ln -s OUTSIDE /link\nRUN --mount=type=bind,source=.,target=/link/empty ls /link/empty"},
    {"CacheIdAbove",
     "RUN --mount=type=cache,id=../../../../../../..OUTSIDE,target=/m sh -c 'cat /m/secret; echo x "
     "> /m/canary'"},
    {"CacheIdAbsolute", "RUN --mount=type=cache,id=OUTSIDE,target=/m cat /m/secret"},
    {"CacheSourceAbove",
     "RUN --mount=type=cache,id=a,from=0,source=../../..OUTSIDE,target=/m cat /m/secret"},
    {"TmpfsOverProc", "RUN --mount=type=tmpfs,target=/proc ls /proc"},
    {"SecretByPath", "RUN --mount=type=secret,id=../../..OUTSIDE/secret cat /run/secrets/*"},
    {"SshOfTheCaller", "RUN --mount=type=ssh cat $SSH_AUTH_SOCK"},
    {"HostNetwork", "RUN --network=host cat /proc/net/route"},
    {"Insecure", "RUN --security=insecure mount -t tmpfs x /tmp"},
    {"Device", "RUN --device=/dev/kvm ls /dev"},
    {"CopyAbove", "COPY ../outside/secret /stolen\nRUN cat /stolen"},
    {"CopyAbsolute", "COPY OUTSIDE/secret /stolen\nRUN cat /stolen"},
    {"CopyAboveByPattern", "COPY ../*/secret /stolen/\nRUN cat /stolen/*"},
    {"CopyFromPath", "COPY --from=OUTSIDE / /stolen\nRUN cat /stolen/secret"},
    {"CopyFromAbove", "COPY --from=../outside / /stolen\nRUN cat /stolen/secret"},
    {"CopyParents", "COPY --parents ../outside/./secret /stolen\nRUN cat /stolen/secret"},
    {"AddFileUrl", "ADD file://OUTSIDE/secret /stolen\nRUN cat /stolen"},
    {"AddGitByPath", "ADD OUTSIDE/repository.git /stolen\nRUN cat /stolen"},
    {"AddGitOption", "ADD git://127.0.0.1/--upload-pack=touch /stolen\nRUN cat /stolen"},
    {"CopyDestinationAbove",
     "COPY evil ../../../../../../../../../..OUTSIDE/canary\nRUN cat OUTSIDE/canary"},
    {"WorkdirAbove", "WORKDIR ../../../../../../../../../..OUTSIDE\nRUN cat secret"},
    {"VolumeOnHost", "VOLUME OUTSIDE:/m\nRUN cat /m/secret"},
    {"UserOfTheHost", "USER 4294967295\nRUN cat OUTSIDE/secret"},
    {"ShellOfTheHost", "SHELL [\"/bin/../../../../../../..OUTSIDE/secret\"]\nRUN x"},
    {"EnvironmentOfTheLoader",
     "ENV LD_PRELOAD=OUTSIDE/secret LD_LIBRARY_PATH=OUTSIDE BASH_ENV=OUTSIDE/secret\nRUN cat "
     "OUTSIDE/secret"},
};

class EscapeByInput : public ::testing::TestWithParam<Input> {};

TEST_P(EscapeByInput, NeitherShowsNorChangesTheHost)
{
    Workspace work;
    const Outside outside(work);
    work.add_busybox();
    work.write("evil", "evil\n");
    std::string lines = GetParam().dockerfile;
    for (std::size_t at = 0; (at = lines.find("OUTSIDE")) != std::string::npos;)
        lines.replace(at, 7, outside.path().native());

    const Ran built =
        work.build(Workspace::busybox_root() + lines + "\n",
                   {"--progress", "plain", "-o", "type=tar,dest=" + work.path("out.tar").native()});

    EXPECT_THAT(built.err + built.out, Not(HasSubstr(Outside::kSecret)));
    EXPECT_THAT(shell("cat '" + work.path("out.tar").native() + "' 2>/dev/null").out,
                Not(HasSubstr(Outside::kSecret)));
    EXPECT_TRUE(outside.is_untouched()) << built.err;
}

std::string name_of(const ::testing::TestParamInfo<Input>& input)
{
    return input.param.name;
}

INSTANTIATE_TEST_SUITE_P(Each, EscapeByInput, ::testing::ValuesIn(kInputs), name_of);

TEST(EscapeByInputs, PathsLeadThereForAToolThatJoinsThem)
{
    const Workspace work;
    const Outside outside(work);

    // what "honoured by path" is: the context, and behind it what the Dockerfile says
    EXPECT_THAT(shell("cat '" + work.context().native() + "/../outside/secret'").out,
                HasSubstr(Outside::kSecret))
        << "they prove nothing";
}

TEST(EscapeByInputs, FrontendIsNeverFetchedOrRun)
{
    Workspace work;
    work.write("a", "x");

    for (const char* line :
         {"# syntax=127.0.0.1:1/evil/frontend:1\n", "#syntax = 127.0.0.1:1/evil\n"}) {
        const Ran built = work.build(std::string(line) + "FROM scratch\nCOPY a /\n");
        EXPECT_THAT(built.err, Not(HasSubstr("pull"))) << built.err;
        EXPECT_NE(built.exit, 0) << "it was ignored";
    }
    EXPECT_NE(
        work.caisson({"build", "--build-arg", "BUILDKIT_SYNTAX=127.0.0.1:1/evil", work.context()})
            .exit,
        70);
}

} // namespace
} // namespace caisson::testing
