/** The widget's styles. The shadow root isolates them from the page in both directions. */
export const styles = `
:host{all:initial!important;position:static!important;display:contents!important;
--m-color:#107a6b;--m-on:#fff;--m-bg:#fff;--m-soft:#f1f3f6;--m-text:#1b242d;--m-dim:#56616f;--m-line:#dfe4ea;--m-bot:#eceffb;--m-bad:#c0262d;--m-star:#b06f00;--m-good:#12805c;
color-scheme:light}
:host([data-theme=dark]){--m-bg:#1b2229;--m-soft:#2a323c;--m-text:#e6eaef;--m-dim:#aab4c0;--m-line:#3a4550;--m-bot:#272f4d;--m-bad:#ff9494;--m-star:#f2b63c;--m-good:#4fd1a5;color-scheme:dark}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
.root{font:14.5px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Bengali","Noto Sans Arabic",sans-serif;color:var(--m-text);text-align:start}
button,input,textarea{font:inherit;color:inherit}
button{cursor:pointer;border:0;background:none;padding:0}
:focus-visible{outline:2px solid var(--m-color);outline-offset:2px}
:host([data-theme=dark]) :focus-visible{outline-color:#7cc7ff}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;display:block;flex-shrink:0}
.launch{position:fixed;z-index:2147483000;bottom:max(20px,env(safe-area-inset-bottom));inset-inline-end:20px;width:58px;height:58px;border-radius:50%;background:var(--m-color);color:var(--m-on);display:grid;place-items:center;box-shadow:0 6px 22px rgb(15 23 32/28%);transition:transform .18s}
.launch:hover{transform:scale(1.06)}
.launch svg{width:26px;height:26px}
.launch:focus-visible{outline:3px solid var(--m-on);box-shadow:0 0 0 5px var(--m-color)}
.left .launch,.left .panel{inset-inline:20px auto}
.badge{position:absolute;top:-3px;inset-inline-end:-3px;min-width:21px;height:21px;padding:0 6px;border-radius:11px;background:#c92a5e;color:#fff;font-size:12px;font-weight:650;line-height:21px;text-align:center}
.panel{position:fixed;z-index:2147483001;bottom:92px;inset-inline-end:20px;width:376px;height:min(640px,calc(100dvh - 116px));display:flex;flex-direction:column;background:var(--m-bg);border-radius:18px;overflow:hidden;box-shadow:0 14px 48px rgb(15 23 32/26%);border:1px solid var(--m-line);animation:in .2s ease-out}
@keyframes in{from{opacity:0;transform:translateY(14px)}}
.inline .panel{position:relative;inset:auto!important;width:100%;height:100%;min-height:420px;box-shadow:none;animation:none}
header{display:flex;align-items:center;gap:11px;padding:13px 12px 13px 16px;background:var(--m-color);color:var(--m-on)}
header .who{flex:1;min-width:0}
header b{display:block;font-size:15.5px;font-weight:650;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header .who span{display:block;font-size:12.5px;line-height:1.35}
header .who span:empty::before{content:"\\200b"}
header button{width:36px;height:36px;border-radius:9px;display:grid;place-items:center}
header button:hover{background:rgb(127 127 127/30%)}
header :focus-visible{outline-color:currentColor!important;outline-offset:-2px}
.faces{position:relative;flex-shrink:0}
.face{width:40px;height:40px;border-radius:50%;display:grid;place-items:center;background:rgb(127 127 127/28%);font-weight:650}
.dot{position:absolute;inset-inline-end:-1px;bottom:-1px;width:13px;height:13px;border-radius:50%;border:2px solid var(--m-color);background:#ced4da}
.dot.on{background:#51e08a}
.dot.away{background:#ffd43b}
.line{padding:9px 16px;font-size:13.5px;font-weight:550;text-align:center;background:var(--m-soft);border-bottom:1px solid var(--m-line)}
.notice{padding:8px 14px;font-size:13px;text-align:center;background:#fff3d6;color:#5c4000}
.notice button{font-weight:650;text-decoration:underline}
:host([data-theme=dark]) .notice{background:#453610;color:#ffe2a0}
.middle{flex:1;min-height:0;position:relative;display:flex}
.log{flex:1;min-width:0;overflow-y:auto;padding:14px 14px 6px;display:flex;flex-direction:column;gap:3px;overscroll-behavior:contain}
.log:focus-visible{outline-offset:-3px;border-radius:6px}
.down{position:absolute;bottom:8px;left:50%;transform:translateX(-50%);display:flex;align-items:center;gap:6px;background:var(--m-text);color:var(--m-bg);border-radius:99px;padding:6px 14px 6px 10px;font-size:13px;font-weight:600;white-space:nowrap;box-shadow:0 4px 14px rgb(15 23 32/25%)}
.down svg{width:16px;height:16px}
.day{align-self:center;font-size:12px;font-weight:550;color:var(--m-dim);padding:10px 0 6px}
.sys{align-self:center;max-width:90%;text-align:center;font-size:13px;color:var(--m-dim);padding:6px 8px;overflow-wrap:anywhere}
.sys [role=img]{color:var(--m-star)}
.msg{max-width:82%;padding:9px 13px;border-radius:16px;background:var(--m-soft);align-self:flex-start;white-space:pre-wrap;overflow-wrap:anywhere}
.msg.bot{background:var(--m-bot)}
.msg.mine{align-self:flex-end;background:var(--m-color);color:var(--m-on)}
.msg.first{margin-top:8px}
.msg.wait{filter:saturate(.6)}
.msg a{color:inherit}
.meta{font-size:12px;color:var(--m-dim);padding:2px 6px 0;align-self:flex-start}
.meta.first{padding-top:8px}
.meta.mine{align-self:flex-end}
.meta.bad,.meta.bad button{color:var(--m-bad);font-weight:550;text-decoration:underline}
.choices{display:flex;flex-wrap:wrap;gap:7px;padding:7px 0 2px}
.choices button,.choices a{border:1px solid var(--m-color);color:var(--m-text);background:var(--m-bg);border-radius:99px;padding:6px 14px;font-weight:550;font-size:13.5px;text-decoration:none}
:host([data-theme=dark]) .choices button,:host([data-theme=dark]) .choices a{border-color:var(--m-dim)}
.choices button:hover,.choices a:hover{background:var(--m-color);color:var(--m-on)}
.choices button:disabled{opacity:.7;cursor:default}
.file{display:flex;gap:10px;align-items:center;padding:8px 12px 8px 8px;margin:3px -4px;border:1px solid var(--m-line);border-radius:11px;background:var(--m-bg);color:var(--m-text)!important;text-decoration:none;white-space:normal;min-width:180px}
a.file:hover .name{text-decoration:underline}
.file-icon{width:36px;height:36px;border-radius:8px;background:var(--m-soft);color:var(--m-dim);display:grid;place-items:center;flex-shrink:0}
.about{min-width:0;display:flex;flex-direction:column;line-height:1.3}
.name{font-weight:550;font-size:13.5px;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.about small{font-size:12px;color:var(--m-dim)}
.pic{display:block;margin:3px -6px}
.msg>.pic:first-child{margin-top:-2px}
.msg>.pic:last-child{margin-bottom:-2px}
.pic img{display:block;width:236px;max-width:100%;height:168px;object-fit:cover;border-radius:11px;background:var(--m-soft)}
.upload-progress{display:flex;align-items:center;gap:10px;padding-top:6px;white-space:normal}
.upload-progress progress{flex:1;min-width:0;height:5px;appearance:none;border:0;border-radius:9px;overflow:hidden;background:rgb(127 127 127/45%);accent-color:currentColor}
progress::-webkit-progress-bar{background:rgb(127 127 127/45%)}
progress::-webkit-progress-value{background:currentColor;transition:width .2s}
progress::-moz-progress-bar{background:currentColor}
.upload-progress button,.msg .bad button{font-size:13px;font-weight:600;text-decoration:underline}
.msg .bad{display:block;padding-top:6px;font-size:13px;white-space:normal}
.typing{min-height:22px;padding:0 18px;font-size:12.5px;color:var(--m-dim)}
form.composer{display:flex;align-items:flex-end;gap:6px;padding:10px 12px 12px;border-top:1px solid var(--m-line)}
textarea,input{border:1px solid var(--m-dim);background:var(--m-bg)}
.composer textarea{flex:1;min-width:0;resize:none;border-radius:14px;padding:9px 12px;height:40px;max-height:124px;line-height:1.4}
input{width:100%;border-radius:10px;padding:10px 12px}
.card textarea{width:100%;resize:vertical;border-radius:10px;padding:10px 12px;min-height:76px}
textarea:focus,input:focus{outline:2px solid var(--m-color);outline-offset:-1px}
:host([data-theme=dark]) textarea:focus,:host([data-theme=dark]) input:focus{outline-color:#7cc7ff}
[aria-invalid=true]{border-color:var(--m-bad)}
::placeholder{color:var(--m-dim);opacity:1}
.composer ::placeholder{white-space:nowrap}
[dir=rtl] :placeholder-shown{direction:rtl}
.go{background:var(--m-color);color:var(--m-on);width:40px;height:40px;border-radius:12px;display:grid;place-items:center;flex-shrink:0}
.go:disabled{background:var(--m-soft);color:var(--m-dim);cursor:default}
[dir=rtl] .go svg{transform:scaleX(-1)}
.tool{color:var(--m-dim);width:34px;height:40px;display:grid;place-items:center;flex-shrink:0;border-radius:9px}
.tool:hover{color:var(--m-text)}
.tool:disabled{opacity:.5}
.hello{margin:auto;padding:24px 18px;text-align:center;display:flex;flex-direction:column;gap:8px;max-width:300px}
.hello b{font-size:18px;line-height:1.3}
.hello p,.card p{color:var(--m-dim)}
.big{background:var(--m-color);color:var(--m-on);border-radius:12px;padding:11px 18px;font-weight:600}
.big:disabled{background:var(--m-soft);color:var(--m-dim);cursor:default}
.plain{align-self:center;color:var(--m-text);font-weight:550;text-decoration:underline;text-underline-offset:3px;padding:6px 10px;border-radius:8px}
.card{border:1px solid var(--m-line);border-radius:14px;padding:16px;margin:8px 0;display:flex;flex-direction:column;gap:12px;background:var(--m-bg)}
.card b{font-size:16px}
.card .field,.card label{display:flex;flex-direction:column;gap:5px}
.card label{font-size:13.5px;font-weight:550}
.card label input,.card label textarea{font-weight:400;font-size:14.5px}
.error{color:var(--m-bad);font-size:13px;font-weight:500}
.submitted{align-items:center;text-align:center;margin:auto 0;padding:26px 18px}
.card.submitted>svg{width:46px;height:46px;padding:10px;border-radius:50%;color:var(--m-good);background:var(--m-soft)}
.stars{display:flex;gap:4px;justify-content:center}
.stars button{font-size:30px;line-height:1;color:var(--m-dim);padding:4px;border-radius:6px}
.stars button.on{color:var(--m-star)}
.bars{display:flex;flex-direction:column;gap:10px;padding:16px}
.bars i{height:36px;border-radius:14px;background:var(--m-soft);animation:pulse 1.2s infinite alternate}
.bars i:nth-child(2){width:60%;align-self:flex-end}
.bars i:nth-child(3){width:75%}
@keyframes pulse{to{opacity:.45}}
@media (max-width:520px){.floating .panel{inset:var(--m-top,0) 0 auto!important;width:100%;height:var(--m-height,100dvh);border-radius:0;border:0}
.floating header{padding-top:max(13px,env(safe-area-inset-top));padding-inline:max(16px,env(safe-area-inset-left)) max(12px,env(safe-area-inset-right))}
.floating form.composer{padding-bottom:max(12px,env(safe-area-inset-bottom))}.floating.open .launch{display:none}
textarea,input,.card label input,.card label textarea{font-size:16px}header button{width:42px;height:42px}}
@media (max-height:520px) and (min-width:521px){.floating .panel{bottom:10px;inset-inline-end:90px;height:calc(100dvh - 20px)}.floating.left .panel{inset-inline:90px auto}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
@media (forced-colors:active){.msg,.launch,.big,.go,.choices button,.file{border:1px solid}}
`;
