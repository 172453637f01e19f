package io.drover.debian;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a new Debian system gets its packages from.
 *
 * @param lines   as in sources.list(5)
 * @param options what apt on this machine is told of the way there, as in apt.conf(5)
 */
public record AptSources(List<String> lines, List<String> options) {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    /** The fields of apt-get(8) indextargets that tell a repository. */
    private static final String FORMAT = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
    private static final Pattern TARGET = Pattern.compile("Packages\\|(\\S+?)/?\\|([a-z0-9-]+)\\|(\\S+)");
    /** A proxy and the like are the machine's own business; all other settings are the new system's. */
    private static final Pattern OPTION = Pattern.compile(
            "(Acquire::(?:https?::Proxy(?:::[A-Za-z0-9.-]+)?|Check-Valid-Until|Check-Date)) \"([^\"]*)\";");

    public AptSources {
        lines = List.copyOf(lines);
        options = List.copyOf(options);
    }

    /**
     * What this machine's apt uses for its own suite, with {@code suite} in place of it.
     *
     * @param suite  such as {@code bookworm}
     * @param mirror the address of a mirror, to be used in place of those
     * @throws PackageException when apt here has no suite of Debian's
     */
    public static AptSources forSuite(String suite, Optional<String> mirror) throws IOException, InterruptedException {
        Path anywhere = Path.of("/");
        List<String> options = options(Command.run(anywhere, LIMIT, List.of("apt-config", "dump")).output());
        if (mirror.isPresent()) {
            return new AptSources(List.of("deb " + mirror.get() + " " + suite + " main"), options);
        }
        Command targets = Command.run(anywhere, LIMIT, List.of("apt-get", "indextargets", "--format", FORMAT));
        Set<String> lines = lines(targets.output(), suite);
        if (lines.isEmpty()) {
            throw new PackageException("apt's sources on this machine name no Debian suite to take " + suite
                    + " from: give --mirror URL, such as the address in a Debian machine's /etc/apt/sources.list");
        }
        return new AptSources(new ArrayList<>(lines), options);
    }

    /** A suite of Debian's is known by its security archive and its updates, which are named after it. */
    static Set<String> lines(String targets, String suite) {
        List<Matcher> found = targets.lines().map(TARGET::matcher)
                .filter(target -> target.matches() && target.group(3).equals("main")).toList();
        Set<String> releases = new LinkedHashSet<>();
        found.forEach(target -> releases.add(target.group(2)));
        Optional<String> own = releases.contains(suite) ? Optional.of(suite)
                : releases.stream().filter(release -> releases.contains(release + "-security")
                        || releases.contains(release + "-updates")).findFirst();
        Set<String> lines = new LinkedHashSet<>();
        own.ifPresent(base -> {
            for (Matcher target : found) {
                String release = target.group(2);
                if (release.equals(base) || release.equals(base + "-security") || release.equals(base + "-updates")) {
                    lines.add("deb " + target.group(1) + " " + suite + release.substring(base.length()) + " main");
                }
            }
        });
        return lines;
    }

    static List<String> options(String configuration) {
        return configuration.lines().map(OPTION::matcher).filter(Matcher::matches)
                .map(option -> option.group(1) + " \"" + option.group(2) + "\"").toList();
    }
}
