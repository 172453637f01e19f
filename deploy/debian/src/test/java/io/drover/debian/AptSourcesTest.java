package io.drover.debian;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is made of the configuration of a machine's apt. */
class AptSourcesTest {
    private static final String TARGETS = """
            Packages|http://mirror.example/debian/|bookworm|main
            Packages|http://mirror.example/debian/|bookworm|contrib
            Packages|http://mirror.example/debian/|bookworm-updates|main
            Packages|https://sec.example/debian-security/|bookworm-security|main
            Packages|https://apt.example/tool/|stable|main
            Translations|http://mirror.example/debian/|bookworm|main
            """;

    @Test
    void machinesOwnSuiteComesFromWhereTheMachineHasIt() {
        assertThat(AptSources.lines(TARGETS, "bookworm")).containsExactly(
                "deb http://mirror.example/debian bookworm main",
                "deb http://mirror.example/debian bookworm-updates main",
                "deb https://sec.example/debian-security bookworm-security main");
    }

    @Test
    void anotherSuiteComesFromTheSameMirrors() {
        assertThat(AptSources.lines(TARGETS, "trixie")).containsExactly("deb http://mirror.example/debian trixie main",
                "deb http://mirror.example/debian trixie-updates main",
                "deb https://sec.example/debian-security trixie-security main");
    }

    @Test
    void suiteThatIsThereWithoutUpdatesIsUsedAsItIs() {
        assertThat(AptSources.lines("Packages|http://snapshot.example/debian/|bookworm|main\n", "bookworm"))
                .containsExactly("deb http://snapshot.example/debian bookworm main");
    }

    @Test
    void foreignRepositoriesAloneGiveNothing() {
        assertThat(AptSources.lines("Packages|https://apt.example/tool/|stable|main\n", "bookworm")).isEmpty();
    }

    @Test
    void onlyTheWayToTheMirrorIsTakenOfAptsSettings() {
        assertThat(AptSources.options("""
                APT::Architecture "amd64";
                Acquire::http::Proxy "http://proxy.example:3128";
                Acquire::https::Proxy::mirror.example "DIRECT";
                Acquire::Check-Valid-Until "false";
                DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
                """)).containsExactly("Acquire::http::Proxy \"http://proxy.example:3128\"",
                "Acquire::https::Proxy::mirror.example \"DIRECT\"", "Acquire::Check-Valid-Until \"false\"");
    }
}
