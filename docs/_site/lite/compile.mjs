// Starts the browser's Python under Node.js and has it run compile.py, which see.
//
//     node compile.mjs RUNTIME FOLDER
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [runtime, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${runtime}/` });
python.FS.mkdir("/unpacked");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/unpacked");
try {
  python.runPython(readFileSync(new URL("compile.py", import.meta.url), "utf8"));
} catch (error) {
  console.error(error.type, error.message); // Node.js would show the runtime's one long line instead
  process.exit(1);
}
