// The story: before a step starts, the runner mounts /dev and /proc and writes /etc/hosts in the
// image's tree, as root, by path. The image's /dev, /proc or /etc is a link; so is what lies in
// them. CVE-2025-31133
// (/dev/null as mask), CVE-2025-52565 (/dev/console), CVE-2025-52881 (writes to /proc),
// CVE-2026-41579 and CVE-2026-47766 (/dev itself), CVE-2026-87766 (the parent of a destination).
//
// The attacker: an image with such links. The assertion: the step does not start, or starts with
// the real things in its own tree; nothing outside is touched.
#include "tests/escape/outside.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;

class EscapeByMountPoints : public ::testing::Test {
protected:
    void SetUp() override { work.add_busybox(); }

    /// Builds a step on a tree that `lines` of shell prepared: they run in a stage, whose tree is
    /// copied, as a base image would bring it.
    [[nodiscard]] Ran step_on(const std::string& lines, const std::string& step) const
    {
        return work.build(
            Workspace::busybox_root() + "RUN mkdir /tree /tree/bin && cp /bin/busybox " +
                "/tree/bin/ && cd /tree && " + lines + "\nFROM scratch\n" +
                "COPY --from=0 /tree /\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"" + step + "\"]\n",
            {"--progress", "plain"});
    }

    Workspace work;
    Outside outside{work};
};

TEST_F(EscapeByMountPoints, LinkAsDevOrProcStartsNoStep)
{
    // a runner that prepares /dev by path, as root
    ASSERT_EQ(shell("mkdir '" + work.path("naive").native() + "' && cd '" +
                    work.path("naive").native() + "' && ln -s '" + outside.path().native() +
                    "' dev && touch dev/console")
                  .exit,
              0);
    ASSERT_FALSE(outside.is_untouched()) << "it proves nothing";
    outside.restore();

    const std::string target = outside.path();
    for (const char* name : {"dev", "proc"})
        for (const std::string& link : {target, "../../.." + target, std::string("tmp")}) {
            const std::string point = name;
            std::string lines = "mkdir -p tmp && ln -s ";
            lines.append(link).append(" ").append(point);
            const Ran built = step_on(lines, "true");
            EXPECT_EQ(built.exit, 6) << point << " -> " << link << ": " << built.err;
            EXPECT_THAT(built.err, HasSubstr("\"/" + point + "\" of the image is no directory"));
            EXPECT_TRUE(outside.is_untouched());
        }
}

TEST_F(EscapeByMountPoints, LinksWithinDevAreCovered)
{
    const Ran built = step_on(
        "mkdir dev && ln -s " + outside.path("canary").native() + " dev/null && ln -s " +
            outside.path().native() + " dev/pts && ln -s " + outside.path().native() + " dev/shm",
        "echo x > /dev/null; echo x > /dev/shm/x; /bin/busybox stat -c %t:%T /dev/null");

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("1:3"));
    EXPECT_TRUE(outside.is_untouched());
}

TEST_F(EscapeByMountPoints, LinksOnTheWayToAWrittenFileLeadNowhereElse)
{
    ASSERT_EQ(shell("mkdir -p '" + work.path("naive").native() + "' && cd '" +
                    work.path("naive").native() + "' && ln -s '" + outside.path().native() +
                    "' etc && echo '127.0.0.1 localhost' > etc/hosts")
                  .exit,
              0);
    ASSERT_FALSE(outside.is_untouched());
    outside.restore();

    const std::string target = outside.path();
    const std::vector<std::string> trees = {"ln -s " + target + " etc",
                                            "mkdir etc && ln -s " + target +
                                                "/canary etc/hosts && ln -s " + target +
                                                "/canary etc/resolv.conf",
                                            "ln -s ../../../.." + target + " etc"};
    for (const std::string& lines : trees) {
        const Ran built = step_on(lines, "true");
        EXPECT_TRUE(outside.is_untouched()) << lines << ": " << built.err;
    }
}

TEST_F(EscapeByMountPoints, HeredocScriptLandsOutsideOfNoTree)
{
    // the body of a heredoc becomes a file that is placed into the cell
    const Ran built =
        work.build(Workspace::busybox_root() + "RUN rm -rf /tmp /run /dev/pipes; ln -s " +
                       outside.path().native() + " /tmp; ln -s " + outside.path().native() +
                       " /run\n" + "RUN <<EOF\n#!/bin/sh\necho ran\nEOF\n",
                   {"--progress", "plain"});

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_TRUE(outside.is_untouched());
}

} // namespace
} // namespace caisson::testing
