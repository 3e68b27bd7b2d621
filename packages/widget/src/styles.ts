/** How the widget looks. It lives in a shadow root: nothing of the page reaches it, and nothing of it the page. */
export const styles = `
:host{all:initial!important;position:static!important;display:contents!important;
--m-color:#107a6b;--m-on:#fff;--m-bg:#fff;--m-soft:#f3f5f7;--m-text:#1b242d;--m-dim:#5d6977;--m-line:#e3e8ed;--m-bot:#eef1fb;--m-bad:#c92a2a;
color-scheme:light}
:host([data-theme=dark]){--m-bg:#1b2229;--m-soft:#262e37;--m-text:#e6eaef;--m-dim:#a3aebb;--m-line:#36404b;--m-bot:#252c48;--m-bad:#ff8787;color-scheme:dark}
*{box-sizing:border-box;margin:0}
.root{font:14.5px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Bengali","Noto Sans Arabic",sans-serif;color:var(--m-text);text-align:start}
button,input,textarea{font:inherit;color:inherit}
button{cursor:pointer;border:0;background:none;padding:0}
:focus-visible{outline:2px solid var(--m-color);outline-offset:2px}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;display:block}
.launch{position:fixed;z-index:2147483000;bottom:20px;inset-inline-end:20px;width:58px;height:58px;border-radius:50%;background:var(--m-color);color:var(--m-on);display:grid;place-items:center;box-shadow:0 6px 22px rgb(15 23 32/28%);transition:transform .18s}
.launch:hover{transform:scale(1.06)}
.launch svg{width:26px;height:26px}
.left .launch,.left .panel{inset-inline:20px auto}
.badge{position:absolute;top:-3px;inset-inline-end:-3px;min-width:21px;height:21px;padding:0 6px;border-radius:11px;background:#d6336c;color:#fff;font-size:12px;font-weight:650;line-height:21px;text-align:center}
.panel{position:fixed;z-index:2147483001;bottom:92px;inset-inline-end:20px;width:376px;height:min(640px,calc(100dvh - 116px));display:flex;flex-direction:column;background:var(--m-bg);border-radius:18px;overflow:hidden;box-shadow:0 14px 48px rgb(15 23 32/26%);border:1px solid var(--m-line);animation:in .2s ease-out}
@keyframes in{from{opacity:0;transform:translateY(14px)}}
.inline .panel{position:relative;inset:auto!important;width:100%;height:100%;min-height:420px;box-shadow:none;animation:none}
[hidden]{display:none!important}
header{display:flex;align-items:center;gap:11px;padding:14px 14px 14px 16px;background:var(--m-color);color:var(--m-on)}
header .who{flex:1;min-width:0}
header b{display:block;font-size:15.5px;font-weight:650;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header span{font-size:12.5px;opacity:.9}
header button{width:34px;height:34px;border-radius:9px;display:grid;place-items:center}
header button:hover{background:rgb(255 255 255/16%)}
header :focus-visible{outline-color:currentColor}
.face{width:38px;height:38px;border-radius:50%;display:grid;place-items:center;background:rgb(255 255 255/20%);font-weight:650;flex-shrink:0}
.notice{padding:7px 14px;font-size:12.5px;text-align:center;background:#fff3d6;color:#6b4b00}
:host([data-theme=dark]) .notice{background:#453610;color:#ffe2a0}
.log{flex:1;overflow-y:auto;padding:14px 14px 6px;display:flex;flex-direction:column;gap:3px;overscroll-behavior:contain}
.day{align-self:center;font-size:11.5px;font-weight:550;color:var(--m-dim);padding:10px 0 6px}
.sys{align-self:center;max-width:88%;text-align:center;font-size:12.5px;color:var(--m-dim);padding:5px 8px}
.msg{max-width:82%;padding:9px 13px;border-radius:16px;background:var(--m-soft);align-self:flex-start;white-space:pre-wrap;overflow-wrap:anywhere}
.msg.bot{background:var(--m-bot)}
.msg.mine{align-self:flex-end;background:var(--m-color);color:var(--m-on)}
.msg.first{margin-top:8px}
.msg.wait{opacity:.65}
.msg a{color:inherit}
.meta{font-size:11.5px;color:var(--m-dim);padding:2px 6px 0;align-self:flex-start}
.meta.mine{align-self:flex-end}
.meta.bad,.meta.bad button{color:var(--m-bad);font-weight:550;text-decoration:underline}
.choices{display:flex;flex-wrap:wrap;gap:7px;padding:7px 0 2px}
.choices button,.choices a{border:1px solid var(--m-color);color:var(--m-color);border-radius:99px;padding:5px 13px;font-weight:550;font-size:13.5px;text-decoration:none}
:host([data-theme=dark]) .choices button,:host([data-theme=dark]) .choices a{color:var(--m-text)}
.choices button:hover,.choices a:hover{background:var(--m-color);color:var(--m-on)}
.file{display:inline-flex;gap:6px;align-items:center}
.pic{display:block;padding:3px 0}
.pic img{display:block;width:220px;max-width:100%;height:160px;object-fit:cover;border-radius:10px;background:var(--m-soft)}
.file svg{width:16px;height:16px}
.typing{min-height:22px;padding:0 18px;font-size:12.5px;color:var(--m-dim)}
form.say{display:flex;align-items:flex-end;gap:8px;padding:10px 12px 12px;border-top:1px solid var(--m-line)}
textarea{flex:1;resize:none;border:1px solid var(--m-line);border-radius:14px;background:var(--m-bg);padding:9px 12px;max-height:120px;line-height:1.4}
input{width:100%;border:1px solid var(--m-line);border-radius:10px;background:var(--m-bg);padding:10px 12px}
textarea:focus,input:focus{outline:2px solid var(--m-color);outline-offset:-1px}
::placeholder{color:var(--m-dim);opacity:1}
.go{background:var(--m-color);color:var(--m-on);width:40px;height:40px;border-radius:12px;display:grid;place-items:center;flex-shrink:0}
.go:disabled{opacity:.45;cursor:default}
.tool{color:var(--m-dim);width:34px;height:40px;display:grid;place-items:center;flex-shrink:0;border-radius:9px}
.tool:hover{color:var(--m-text)}
.hello{margin:auto;padding:24px;text-align:center;display:flex;flex-direction:column;gap:8px;max-width:300px}
.hello b{font-size:17px}
.hello p{color:var(--m-dim)}
.big{background:var(--m-color);color:var(--m-on);border-radius:12px;padding:11px 18px;font-weight:600}
.card{border:1px solid var(--m-line);border-radius:14px;padding:14px;margin:10px 0;display:flex;flex-direction:column;gap:10px;background:var(--m-bg)}
.card label{font-size:13px;font-weight:550;display:flex;flex-direction:column;gap:5px}
.stars{display:flex;gap:4px;justify-content:center}
.stars button{font-size:28px;line-height:1;color:var(--m-line);padding:2px;border-radius:6px}
.stars button[aria-checked=true]{color:#e8a300}
.bars{display:flex;flex-direction:column;gap:10px;padding:16px}
.bars i{height:36px;border-radius:14px;background:var(--m-soft);animation:pulse 1.2s infinite alternate}
.bars i:nth-child(2){width:60%;align-self:flex-end}
.bars i:nth-child(3){width:75%}
@keyframes pulse{to{opacity:.45}}
@media (max-width:520px){.floating .panel{inset:0!important;width:100%;height:100%;border-radius:0;border:0}.floating header{padding-top:max(14px,env(safe-area-inset-top))}.floating form.say{padding-bottom:max(12px,env(safe-area-inset-bottom))}.floating.open .launch{display:none}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
`;
