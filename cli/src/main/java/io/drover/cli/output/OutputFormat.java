package io.drover.cli.output;

/** How results are written. */
public enum OutputFormat {
    /** For people. */
    TABLE,
    /** The API's own JSON. */
    JSON,
    /** The same as YAML. */
    YAML,
    /** Resource names only, one a line, to feed another command. */
    NAME
}
