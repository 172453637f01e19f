package io.drover.cli.ca;

import java.util.Locale;

/** What the holder of a certificate is. Agents serve controllers only. */
public enum Role {
    CONTROLLER, AGENT, CLIENT;

    /** The URI in the certificate that says so: drover://agent/host-1. */
    String uri(String name) {
        return "drover://" + name().toLowerCase(Locale.ROOT) + "/" + name;
    }
}
