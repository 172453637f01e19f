package io.drover.lab.tests;

import java.nio.file.Path;
import java.util.List;

/**
 * The certificates of one cloud, as its operator makes them: {@code drover ca}.
 *
 * @param folder has a folder for each part of it, by its name
 */
record ClusterKeys(Path folder) {
    static final String CONTROLLER = "c1";
    private static final String CLIENT = "lab";

    /** Makes an authority, and certificates for a controller, a client and these hosts' agents. */
    static ClusterKeys make(Path folder, List<String> hosts) throws Exception {
        ClusterKeys keys = new ClusterKeys(folder);
        Distribution.run("ca", "init", "--dir", folder.resolve("ca").toString());
        keys.issue("controller", CONTROLLER);
        keys.issue("client", CLIENT);
        for (String host : hosts) {
            keys.issue("agent", host);
        }
        return keys;
    }

    private void issue(String role, String name) throws Exception {
        Distribution.run("ca", "issue", "--ca", folder.resolve("ca").toString(), "--role", role, "--name", name,
                "--out",
                of(name).toString());
    }

    /** A {@code --tls-dir}. */
    Path of(String name) {
        return folder.resolve(name);
    }

    Path controller() {
        return of(CONTROLLER);
    }

    Path client() {
        return of(CLIENT);
    }
}
