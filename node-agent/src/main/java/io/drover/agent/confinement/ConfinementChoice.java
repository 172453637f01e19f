package io.drover.agent.confinement;

import java.util.Arrays;
import java.util.Optional;

/** What an operator asks for. */
public enum ConfinementChoice {
    /** The strongest that works here, whichever that is. */
    AUTO("auto"),
    /** A user, a file system and processes of its own for each VMM, or no agent. */
    OWN_USERS("own-users"),
    /** A file system and processes of its own for each VMM, or no agent. */
    NAMESPACES("namespaces"),
    /** None, to trace a VMM or attach to it. */
    NONE("none");

    private final String word;

    ConfinementChoice(String word) {
        this.word = word;
    }

    /** As it is typed; empty when there is none of that name. */
    public static Optional<ConfinementChoice> of(String word) {
        return Arrays.stream(values()).filter(choice -> choice.word.equals(word)).findFirst();
    }

    @Override
    public String toString() {
        return word;
    }
}
