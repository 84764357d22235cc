// Starts the language server (`glmmspec lsp`) and connects the editor to it.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const [command, ...args] = workspace.getConfiguration("glmmspec").get("command");
  client = new LanguageClient("glmmspec", { command, args }, { documentSelector: [{ language: "glmm" }] });
  return client.start();
};

exports.deactivate = () => client?.stop();
